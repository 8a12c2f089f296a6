// ./tools/bazel run //:train -- --help

#include <chrono>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <optional>
#include <vector>

#include "base/command_line/terminal.h"
#include "base/status.h"
#include "sid/theory/probe/diagnostics.h"
#include "sid/training/trainer.h"
#include "third_party/logging/logging.h"
#include "train/flags.h"
#include "train/output/console.h"
#include "train/output/run_folder.h"
#include "train/prepare.h"
#include "train/probing.h"

namespace sid {
namespace {

double SecondsNow() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double SecondsSince1970() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

absl::Status TrainAndReport(const TrainConfig& config) {
  std::optional<RunFolder> folder;
  SID_ASSIGN_OR_RETURN(PreparedRun run, Prepare(config));
  if (!config.out.empty()) {
    SID_ASSIGN_OR_RETURN(folder, RunFolder::Create(config.out));
    SID_RETURN_IF_ERROR(folder->WriteConfig(run));
  }
  Console console(std::cout, SecondsNow, TerminalColumns());
  console.Begin(run);
  TrainingHooks hooks{.clock = SecondsNow};
  hooks.on_progress = [&](const TrainingProgress& progress) { console.Progress(progress); };
  hooks.on_epoch = [&](const EpochRecord& record) {
    console.Epoch(record);
    return folder ? folder->AppendEpoch(record) : absl::OkStatus();
  };
  Diagnostics diagnostics(run.probe, run.dataset.classes());
  const auto on_probe = [&](const ProbeRecord& record) {
    const std::vector<Diagnosis> diagnoses = diagnostics.Look(record);
    for (const Diagnosis& diagnosis : diagnoses) console.Note(diagnosis.text);
    return folder ? folder->AppendProbe(record, diagnoses, SecondsSince1970()) : absl::OkStatus();
  };
  AddProbe(run, on_probe, hooks);
  PhaseTimer untimed;
  SID_ASSIGN_OR_RETURN(const TrainingResult result, Train(run.dataset, run.options, hooks, untimed, *run.learner));
  console.End(result);
  if (!folder) {
    std::cout << "Nothing was kept: --out=DIR writes settings, metrics and weights." << std::endl;
    return absl::OkStatus();
  }
  SID_RETURN_IF_ERROR(folder->WriteResult(run, result));
  std::cout << "Written to " << config.out << std::endl;
  return absl::OkStatus();
}

// One line. 2 is bad input; 1 is a run that failed although it was asked for rightly (a loss that is NaN, a full
// device).
int Fail(absl::string_view message, int code) {
  std::cerr << "train: " << message << std::endl;
  return code;
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
  const absl::Status status = TrainAndReport(*config);
  return status.ok() ? EXIT_SUCCESS : Fail(status.message(), absl::IsInternal(status) ? 1 : 2);
}

}  // namespace
}  // namespace sid

int main(int argc, char** argv) {
  try {
    return sid::Main(argc, argv);
  } catch (const std::exception& error) {
    // LibTorch throws, out of memory for one; its first line says what, the rest is its stack.
    const std::string what = error.what();
    return sid::Fail(what.substr(0, what.find('\n')), 1);
  }
}
