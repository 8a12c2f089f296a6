#include "base/command_line/program.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/release/release.h"
#include "base/text.h"
#include "third_party/logging/logging.h"

namespace sid {

namespace {

int Fail(const Program& program, absl::string_view message, int code) {
  std::cerr << program.name << ": " << OneLine(std::string_view(message.data(), message.size())) << std::endl;
  return code;
}

}  // namespace

int ExitCode(const absl::Status& status) {
  if (status.ok()) return 0;
  return absl::IsInternal(status) || absl::IsResourceExhausted(status) ? 1 : 2;
}

int RunProgram(const Program& program, int argc, char** argv) {
  FLAGS_logtostderr = true;
  google::InitGoogleLogging(argv[0]);
  if (argc == 2 && (argv[1] == std::string("--version") || argv[1] == std::string("-version"))) {
    std::cout << VersionLine(program.name) << std::endl;
    return 0;
  }
  try {
    std::string help;
    const absl::Status parsed = program.parse(argc, argv, &help);
    if (!parsed.ok()) return Fail(program, parsed.message(), 2);
    if (!help.empty()) {
      std::cout << help << std::flush;
      return 0;
    }
    const absl::Status status = program.work();
    return status.ok() ? 0 : Fail(program, status.message(), program.exit_code(status));
  } catch (const std::exception& error) {
    return Fail(program, program.describe(error), 1);
  }
}

double SecondsNow() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

int TerminalColumns() {
  winsize size{};
  if (isatty(STDOUT_FILENO) == 0) return 0;
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col : 80;
}

std::string ProgressBar(double fraction, int width) {
  const int filled = std::clamp(static_cast<int>(std::lround(fraction * width)), 0, width);
  return absl::StrCat("[", std::string(filled, '#'), std::string(width - filled, '.'), "]");
}

}  // namespace sid
