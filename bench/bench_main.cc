// ./tools/bazel run //:bench -- --help

#include <algorithm>
#include <iostream>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/command_line/program.h"
#include "base/files.h"
#include "base/json/text.h"
#include "base/machine/device.h"
#include "base/machine/process.h"
#include "base/status.h"
#include "bench/contenders/ranks.h"
#include "bench/environment/disturbance.h"
#include "bench/environment/environment.h"
#include "bench/flags.h"
#include "bench/results/report.h"
#include "bench/timing/cuda_timers.h"

namespace sid {
namespace {

// Redrawn in place on a terminal; elsewhere a line for each quarter of a pass.
class ProgressLine {
 public:
  void Show(std::string_view pass, double done) {
    if (columns_ > 0) {
      std::cout << "\r\x1b[K" << absl::StrFormat("%-8s %s %3.0f %%", pass, ProgressBar(done, 20), 100 * done)
                << std::flush;
    } else if (pass != pass_ || done >= shown_ + 0.25) {
      std::cout << absl::StrFormat("%-8s %3.0f %%", pass, 100 * done) << std::endl;
      shown_ = done;
    }
    pass_ = pass;
  }
  void Clear() const {
    if (columns_ > 0) std::cout << "\r\x1b[K" << std::flush;
  }

 private:
  const int columns_ = TerminalColumns();
  std::string pass_;
  double shown_ = 0;
};

nlohmann::ordered_json Settings(const BenchConfig& config) {
  return {{"classes", config.problem.classes},     {"channels", config.problem.channels},
          {"side", config.problem.side},           {"features", config.problem.features},
          {"hidden", config.problem.hidden},       {"extractor", config.problem.extractor},
          {"samples", config.harness.samples},     {"sample_seconds", config.harness.sample_seconds},
          {"seed", config.harness.seed},           {"bandwidth_gigabytes", config.bandwidth},
          {"latency_microseconds", config.latency}};
}

double SecondsPerPhaseOn(at::Device device) {
  const auto timer = device.is_cuda() ? MakeCudaEventTimer(device) : MakeClockTimer(SecondsNow);
  return SecondsPerPhase(*timer, SecondsNow);
}

absl::StatusOr<Results> MeasureAll(const BenchConfig& config, const std::vector<Contender>& contenders,
                                   at::Device device, const std::string& command) {
  const auto gpu = GpuMonitor::Open(device);
  Results results{.settings = Settings(config), .warnings = Warnings(gpu.get(), "")};
  for (const std::string& warning : results.warnings) std::cerr << "bench: WARNING: " << warning << std::endl;
  SID_ASSIGN_OR_RETURN(const std::vector<int64_t> threads, Threads(config));
  SID_RETURN_IF_ERROR(SetUpProcess(*std::max_element(threads.begin(), threads.end())));
  results.environment = DescribeEnvironment(device, gpu.get(), command);
  results.timer_seconds = SecondsPerPhaseOn(device);

  ProgressLine line;
  const Harness harness{.problem = config.problem,
                        .device = device,
                        .options = config.harness,
                        .clock = SecondsNow,
                        .gpu = gpu.get(),
                        .on_progress = [&](std::string_view pass, double done) { line.Show(pass, done); }};
  const MachineState before = ReadMachineState(gpu.get());
  const double begin = SecondsNow();
  SID_ASSIGN_OR_RETURN(const std::vector<Measurement> measurements, Measure(harness, contenders));
  line.Clear();
  const double seconds = SecondsNow() - begin;
  results.environment["seconds"] = seconds;
  // A kernel that stops its clock tick on a busy core counts no time there.
  results.environment["others_processors"] =
      std::max(0.0, (ReadMachineState(gpu.get()).others - before.others) / seconds);
  const ModelledDevices imagined{{1e9 * config.bandwidth, 1e-6 * config.latency}, ParsePlacement(config).value()};
  Reduce(measurements, config.problem, imagined, config.harness.seed, &results);
  return results;
}

// What the tables don't say.
std::string Remarks(const Results& results) {
  std::string text =
      absl::StrFormat("\nTiming a phase costs %.0f ns. Meanwhile other processes used %.2f processors.\n",
                      1e9 * results.timer_seconds, results.environment["others_processors"].get<double>());
  int64_t distrusted = 0;
  for (const ContenderResult& result : results.contenders) distrusted += result.trusted ? 0 : 1;
  if (distrusted > 0) {
    absl::StrAppend(&text, "WARNING: ", distrusted, " of ", results.contenders.size(),
                    " contenders had so few undisturbed samples that all were used: do not trust these figures.\n");
  }
  return text;
}

absl::Status Write(const Results& results, const std::string& out) {
  SID_RETURN_IF_ERROR(WriteFileAtomically(out + "/results.json", ToText(ToJson(results), 2) + "\n"));
  return WriteFileAtomically(out + "/results.md", ToMarkdown(results));
}

// As a rank that one of the contenders has besides the one that measures (bench/contenders/ranks.h).
absl::Status ServeOne(const BenchConfig& config, const std::vector<Contender>& contenders) {
  SID_ASSIGN_OR_RETURN(const std::vector<int64_t> threads, Threads(config));
  SID_RETURN_IF_ERROR(SetUpProcess(*std::min_element(threads.begin(), threads.end())));
  for (const Contender& contender : contenders) {
    if (Label(contender) == ServedLabel()) return Serve(contender, config.problem);
  }
  return absl::NotFoundError(absl::StrCat("there is no contender ", ServedLabel()));
}

absl::Status Bench(const BenchConfig& config, const std::string& command) {
  SID_ASSIGN_OR_RETURN(const at::Device device, ParseDevice(config.device));
  SID_ASSIGN_OR_RETURN(const std::vector<Contender> contenders, Contenders(config, device));
  if (!ServedLabel().empty()) return ServeOne(config, contenders);
  SID_RETURN_IF_ERROR(ParsePlacement(config).status());
  SID_RETURN_IF_ERROR(EnsureWritableFolder(config.out));
  SID_ASSIGN_OR_RETURN(const Results results, MeasureAll(config, contenders, device, command));
  std::cout << ToMarkdown(results) << Remarks(results);
  SID_RETURN_IF_ERROR(Write(results, config.out));
  std::cout << "Written to " << config.out << ": results.json and results.md" << std::endl;
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  BenchConfig config;
  std::string command = "//:bench --";
  for (int i = 1; i < argc; ++i) absl::StrAppend(&command, " ", argv[i]);
  const auto parse = [&](int count, char** arguments, std::string* help) -> absl::Status {
    SID_ASSIGN_OR_RETURN(config, ConfigFromFlags(count, arguments, help));
    return absl::OkStatus();
  };
  return RunProgram({.name = "bench",
                     .parse = parse,
                     .work = [&] { return Bench(config, command); },
                     .describe = DescribeDeviceFailure},
                    argc, argv);
}

}  // namespace
}  // namespace sid

int main(int argc, char** argv) { return sid::Main(argc, argv); }
