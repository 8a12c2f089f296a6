// ./tools/bazel run //:bench -- --help

#include <algorithm>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/command_line/program.h"
#include "base/files.h"
#include "base/json/text.h"
#include "base/machine/device.h"
#include "base/machine/process.h"
#include "base/status.h"
#include "bench/contenders/ranks.h"
#include "bench/environment/environment.h"
#include "bench/results/results.h"
#include "bench/sweep.h"

namespace sid {
namespace {

using nlohmann::ordered_json;

ordered_json Settings(const BenchConfig& config) {
  return {{"classes", config.problem.classes}, {"channels", config.problem.channels},
          {"side", config.problem.side},       {"features", config.problem.features},
          {"hidden", config.problem.hidden},   {"extractor", config.problem.extractor},
          {"samples", config.harness.samples}, {"sample_seconds", config.harness.sample_seconds},
          {"seed", config.harness.seed}};
}

absl::StatusOr<ordered_json> MeasureAll(const BenchConfig& config, const std::vector<Contender>& contenders,
                                        at::Device device, const std::string& command) {
  const auto gpu = OpenGpuMonitor(device);
  const std::vector<std::string> warnings = Warnings(gpu.get(), "");
  for (const std::string& warning : warnings) std::cerr << "bench: WARNING: " << warning << std::endl;
  SID_ASSIGN_OR_RETURN(const std::vector<int64_t> threads, Threads(config));
  SID_RETURN_IF_ERROR(SetUpProcess(*std::max_element(threads.begin(), threads.end())));
  ordered_json environment = DescribeEnvironment(device, gpu.get(), command);

  const Harness harness{.problem = config.problem,
                        .device = device,
                        .options = config.harness,
                        .clock = SecondsNow,
                        .gpu = gpu.get(),
                        .on_pass = [](std::string_view pass) { std::cout << pass << " ..." << std::endl; }};
  const MachineState before = ReadMachineState(gpu.get());
  const double begin = SecondsNow();
  SID_ASSIGN_OR_RETURN(const std::vector<Measurement> measurements, Measure(harness, contenders));
  const double seconds = SecondsNow() - begin;
  environment["seconds"] = seconds;
  // A kernel that stops its clock tick on a busy core counts no time there.
  environment["others_processors"] = std::max(0.0, (ReadMachineState(gpu.get()).others - before.others) / seconds);
  ordered_json results = {
      {"schema", kSchema}, {"environment", environment}, {"settings", Settings(config)}, {"warnings", warnings}};
  results.update(Reduce(measurements, config.problem));
  return results;
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
  SID_RETURN_IF_ERROR(EnsureWritableFolder(config.out));
  SID_ASSIGN_OR_RETURN(const ordered_json results, MeasureAll(config, contenders, device, command));
  std::cout << ToMarkdown(results)
            << absl::StrFormat("Meanwhile other processes used %.2f processors.\n",
                               results["environment"]["others_processors"].get<double>());
  SID_RETURN_IF_ERROR(WriteFileAtomically(config.out + "/results.json", ToText(results, 2) + "\n"));
  SID_RETURN_IF_ERROR(WriteFileAtomically(config.out + "/results.md", ToMarkdown(results)));
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
