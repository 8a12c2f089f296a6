// ./tools/bazel run //:train -- --help

#include <chrono>
#include <cstdlib>
#include <exception>
#include <iostream>

#include "base/command_line/program.h"
#include "base/status.h"
#include "pipeline/ranks.h"
#include "third_party/logging/logging.h"
#include "train/config.h"
#include "train/failure.h"
#include "train/run.h"
#include "train/stop_signals.h"

namespace sid {
namespace {

double SecondsSince1970() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// A number that is not finite, a full disk, a signal: once training has begun nothing is the input's fault any more.
int ExitCodeOf(const absl::Status& status, bool begun) {
  if (!begun) return ExitCode(status);
  return absl::IsCancelled(status) ? 128 + CaughtStopSignal() : 1;
}

absl::Status TrainAndReport(const TrainConfig& config, bool* begun) {
  const auto warn = [](const std::string& what) { LOG(WARNING) << what << ": the checkpoint before it is tried"; };
  SID_ASSIGN_OR_RETURN(const RankOptions ranks, RanksFromEnvironment(std::getenv));
  SID_ASSIGN_OR_RETURN(Run run, BeginRun(config, warn, ranks));
  *begun = true;
  CatchStopSignals();
  return CompleteRun(
      {std::cout, SecondsNow, SecondsSince1970, TerminalColumns(), [] { return CaughtStopSignal() != 0; }}, run);
}

int Main(int argc, char** argv) {
  TrainConfig config;
  bool begun = false;
  const auto parse = [&](int count, char** arguments, std::string* help) -> absl::Status {
    SID_ASSIGN_OR_RETURN(config, ConfigFromFlags(count, arguments, help));
    return absl::OkStatus();
  };
  return RunProgram({.name = "train",
                     .parse = parse,
                     .work = [&] { return TrainAndReport(config, &begun); },
                     .exit_code = [&](const absl::Status& status) { return ExitCodeOf(status, begun); },
                     .describe = [&](const std::exception& error) { return DescribeFailure(error, config); }},
                    argc, argv);
}

}  // namespace
}  // namespace sid

int main(int argc, char** argv) { return sid::Main(argc, argv); }
