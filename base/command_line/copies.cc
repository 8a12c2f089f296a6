#include "base/command_line/copies.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace sid {
namespace {

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

absl::StatusOr<pid_t> StartCopy(const std::vector<std::string>& arguments, std::vector<std::string> variables) {
  std::vector<std::string> texts = {"/proc/self/exe"};
  texts.insert(texts.end(), arguments.begin(), arguments.end());
  for (char** variable = environ; *variable != nullptr; ++variable) variables.emplace_back(*variable);
  const std::vector<char*> argv = Pointers(texts), environment = Pointers(variables);
  const pid_t parent = getpid(), child = fork();
  if (child == 0) {  // nothing may be called that allocates or locks
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() == parent) execve("/proc/self/exe", argv.data(), environment.data());
    _exit(127);
  }
  if (child > 0) return child;
  return absl::ResourceExhaustedError(absl::StrCat("cannot start a process: ", std::strerror(errno)));
}

bool EndsWell(pid_t copy) {
  int status = 0;
  while (waitpid(copy, &status, 0) < 0) {
    if (errno != EINTR) return false;
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

absl::Status RunCopies(int64_t count, const std::vector<std::string>& arguments) {
  std::vector<absl::StatusOr<pid_t>> copies;
  for (int64_t i = 0; i < count; ++i) copies.push_back(StartCopy(arguments));
  int64_t failed = 0;
  for (const absl::StatusOr<pid_t>& copy : copies) failed += copy.ok() && EndsWell(*copy) ? 0 : 1;
  if (failed == 0) return absl::OkStatus();
  return absl::InternalError(absl::StrCat(failed, " of ", count, " processes failed; their messages are above"));
}

}  // namespace sid
