#include "train/stop_signals.h"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <string_view>

namespace sid {
namespace {

std::atomic<int> caught = 0;
static_assert(std::atomic<int>::is_always_lock_free, "a signal's handler reads and writes it");

// Calls nothing but what a handler may.
void OnSignal(int signal) {
  // Whatever this interrupts: checkpoints are written beside and renamed, so a whole one is left where there is a folder, and half
  // a line of the metrics is cut off when the run goes on.
  if (caught.exchange(signal) != 0) _exit(128 + signal);
  const int error = errno;
  constexpr std::string_view kText = "\ntrain: ends after this step; a second signal leaves at once\n";
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, kText.data(), kText.size());
  errno = error;
}

}  // namespace

void CatchStopSignals() {
  struct sigaction action = {};
  action.sa_handler = OnSignal;
  action.sa_flags = SA_RESTART;
  for (const int signal : {SIGINT, SIGTERM}) sigaction(signal, &action, nullptr);
}

int CaughtStopSignal() { return caught; }

}  // namespace sid
