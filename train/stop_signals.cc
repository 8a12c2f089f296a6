#include "train/stop_signals.h"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <string_view>

namespace sid {
namespace {

std::atomic<int> caught = 0;
std::atomic<bool> asked = false;  // by one of those that people send twice
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<bool>::is_always_lock_free,
              "a signal's handler reads and writes it");

// Calls nothing but what a handler may.
void OnSignal(int signal) {
  // Whatever this interrupts: checkpoints are written beside and renamed, so a whole one is left where there is a folder, and half
  // a line of the metrics is cut off when the run goes on.
  if ((signal == SIGINT || signal == SIGTERM) && asked.exchange(true)) _exit(128 + signal);
  int none = 0;
  if (!caught.compare_exchange_strong(none, signal)) return;
  const int error = errno;
  constexpr std::string_view kText = "\ntrain: ends after this step; a second Ctrl-C or SIGTERM leaves at once\n";
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, kText.data(), kText.size());
  errno = error;
}

}  // namespace

void CatchStopSignals() {
  struct sigaction action = {};
  action.sa_handler = OnSignal;
  action.sa_flags = SA_RESTART;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGUSR1, SIGUSR2, SIGXCPU}) {
    struct sigaction before = {};
    sigaction(signal, nullptr, &before);
    if (before.sa_handler != SIG_IGN) sigaction(signal, &action, nullptr);
  }
}

int CaughtStopSignal() { return caught; }

}  // namespace sid
