#include "bench/charts.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace sid {
namespace {

// Bazel runs programs and tests in the folder of their data; called by hand, that lies beside the program.
std::string PlotProgram() {
  const std::string in_data = "bench/plot/plot";
  std::error_code none;
  const std::string program = std::filesystem::read_symlink("/proc/self/exe", none).string();
  for (const std::string& path : {in_data, absl::StrCat(program, ".runfiles/sid/", in_data)}) {
    if (std::filesystem::exists(path, none)) return path;
  }
  return "";
}

}  // namespace

absl::Status DrawCharts(const std::string& results, const std::string& out) {
  std::string program = PlotProgram(), input = results, folder = out;
  if (program.empty())
    return absl::InternalError("no charts: //bench/plot is not beside this program; run it with Bazel");
  std::array<char*, 4> arguments = {program.data(), input.data(), folder.data(), nullptr};
  pid_t child = 0;
  int status = 0;
  if (posix_spawn(&child, program.c_str(), nullptr, nullptr, arguments.data(), environ) != 0 ||
      waitpid(child, &status, 0) != child) {
    return absl::InternalError(absl::StrCat("no charts: cannot run ", program));
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("no charts: ", program, " failed; its message is above"));
}

}  // namespace sid
