// ./tools/bazel run //:train -- --help

#include <chrono>
#include <cstdlib>
#include <exception>
#include <iostream>

#include "base/command_line/terminal.h"
#include "third_party/logging/logging.h"
#include "train/failure.h"
#include "train/flags.h"
#include "train/run.h"
#include "train/stop_signals.h"

namespace sid {
namespace {

double SecondsNow() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double SecondsSince1970() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// One line. 2 is bad input; 1 is a run that failed although it was asked for rightly (numbers that explode, a full disk or
// device).
int Fail(absl::string_view message, int code) {
  std::cerr << "train: " << message << std::endl;
  return code;
}

int TrainAndReport(const TrainConfig& config) {
  absl::StatusOr<Run> run =
      BeginRun(config, [](const std::string& what) { LOG(WARNING) << what << ": the checkpoint before it is tried"; });
  if (!run.ok()) return Fail(run.status().message(), absl::IsResourceExhausted(run.status()) ? 1 : 2);
  CatchStopSignals();
  const absl::Status status = CompleteRun(
      {std::cout, SecondsNow, SecondsSince1970, TerminalColumns(), [] { return CaughtStopSignal() != 0; }}, *run);
  if (absl::IsCancelled(status)) return Fail(status.message(), 128 + CaughtStopSignal());
  return status.ok() ? EXIT_SUCCESS : Fail(status.message(), 1);
}

int Main(int argc, char** argv) {
  FLAGS_logtostderr = true;
  google::InitGoogleLogging(argv[0]);
  std::string help;
  const auto config = ConfigFromFlags(argc, argv, &help);
  if (!config.ok()) return Fail(config.status().message(), 2);
  if (!help.empty()) {
    std::cout << help;
    return EXIT_SUCCESS;
  }
  try {
    return TrainAndReport(*config);
  } catch (const std::exception& error) {
    return Fail(DescribeFailure(error, *config), 1);
  }
}

}  // namespace
}  // namespace sid

int main(int argc, char** argv) { return sid::Main(argc, argv); }
