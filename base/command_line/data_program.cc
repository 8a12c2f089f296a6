#include "base/command_line/data_program.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace sid {

std::string DataFile(const std::string& path) {
  std::error_code none;
  const std::string program = std::filesystem::read_symlink("/proc/self/exe", none).string();
  for (const std::string& candidate : {path, absl::StrCat(program, ".runfiles/sid/", path)}) {
    if (std::filesystem::exists(candidate, none)) return candidate;
  }
  return "";
}

absl::Status RunDataProgram(const std::string& path, const std::vector<std::string>& arguments) {
  std::string program = DataFile(path);
  if (program.empty()) return absl::InternalError(absl::StrCat(path, " is not beside this program; run it with Bazel"));
  std::vector<std::string> texts = arguments;
  std::vector<char*> pointers = {program.data()};
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  pid_t child = 0;
  int status = 0;
  if (posix_spawn(&child, program.c_str(), nullptr, nullptr, pointers.data(), environ) != 0 ||
      waitpid(child, &status, 0) != child) {
    return absl::InternalError(absl::StrCat("cannot run ", program));
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return absl::OkStatus();
  return absl::InternalError(absl::StrCat(program, " failed; its message is above"));
}

}  // namespace sid
