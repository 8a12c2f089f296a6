#include "base/command_line/copies.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "absl/strings/str_cat.h"

namespace sid {
namespace {

// Between fork and exec nothing may be called that allocates or locks.
pid_t Start(char* const* arguments) {
  const pid_t parent = getpid(), child = fork();
  if (child != 0) return child;
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() == parent) execv("/proc/self/exe", arguments);
  _exit(127);
}

bool Succeeded(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return false;
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

absl::Status RunCopies(int64_t count, const std::vector<std::string>& arguments) {
  std::vector<std::string> texts = {"/proc/self/exe"};
  texts.insert(texts.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  std::vector<pid_t> children;
  children.reserve(count);
  for (int64_t i = 0; i < count; ++i) children.push_back(Start(pointers.data()));
  int64_t failed = 0;
  for (const pid_t child : children) failed += child < 0 || !Succeeded(child) ? 1 : 0;
  if (failed == 0) return absl::OkStatus();
  return absl::InternalError(absl::StrCat(failed, " of ", count, " processes failed; their messages are above"));
}

}  // namespace sid
