// ./tools/bazel run //:bench -- --help

#include <algorithm>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/command_line/flags.h"
#include "base/command_line/program.h"
#include "base/files.h"
#include "base/json/text.h"
#include "base/machine/device.h"
#include "base/machine/process.h"
#include "base/status.h"
#include "baselines/learners.h"
#include "bench/contenders/ranks.h"
#include "bench/environment/environment.h"
#include "bench/results/results.h"
#include "bench/sweep.h"
#include "sid/network/architectures.h"

namespace sid {
namespace {

using nlohmann::ordered_json;

struct Flags {
  BenchConfig config;
  bool quick = false;
  ProgramFlags program{
      "Measures learners against each other: time of a step and of its phases, memory, and the three speedups, "
      "theoretical, critical path and measured.\n\n"
      "Usage: ./tools/bazel run //:bench -- --learners=sid,bp-chain --depths=4,8,16 --quick",
      {}};
};

// The defaults are BenchConfig's own: they stand in one place.
Flags* Register() {
  auto* const flags = new Flags;
  BenchConfig& c = flags->config;
  FlagTopic what{"What runs", {}}, network{"Network", {}}, measurement{"Measurement", {}}, run{"Run", {}};
  what.Add("learners", &c.learners, "a list of " + absl::StrJoin(LearnerNames(), ", "));
  what.Add("executors", &c.executors, "sid: a list of serial, batched, cuda, or all that the device has");
  what.Add("chunks", &c.chunks, "sid: a list of how many modules are updated at a time, 0 for all");
  what.Add(
      "schedules", &c.schedules,
      "sid on modules that own blocks: a list of serial, streams (GPU: a module's way back beside the next one's "
      "forward pass), pipeline (each module on the batch that the one before had a step ago) and ranks (the same, each "
      "a process); bp on as many processes as --depths says: data-parallel, gpipe");
  what.Add("precisions", &c.precisions, "a list of fp32, tf32 (GPU), bf16");
  what.Add("capture", &c.capture,
           "GPU: on for steps captured as CUDA graphs, as training runs them, off for plain ones, or both");
  what.Add("depths", &c.depths, "a list of L, the number of modules");
  what.Add("batches", &c.batches, "a list of B, examples a step");

  network.Add("networks", &c.networks, "a list of " + absl::StrJoin(ArchitectureNames(), ", "));
  network.Add(
      "partitions", &c.partitions,
      "shared, even, lean or a list of blocks, as --partition of //:train; several are separated by semicolons. "
      "even and lean split among as many modules as --depths says");
  network.Add("head", &c.head, "of all modules: mlp, linear or conv");
  network.Add("recompute", &c.recompute,
              "backpropagation keeps the inputs of blocks alone and runs each again on the way back");
  network.Add("extractor", &c.problem.extractor, "with the extractor; without, the cascade alone on features");
  network.Add("classes", &c.problem.classes, "C");
  network.Add("side", &c.problem.side, "of the square images, pixels");
  network.Add("features", &c.problem.features, "D, features that every module gets");
  network.Add("hidden", &c.problem.hidden, "H, hidden units of a module");

  measurement.Add(
      "quick", &flags->quick,
      "a first look, with wider intervals: 8 samples of 0.05 s and 45 s a pass, whatever the flags below say");
  measurement.Add("samples", &c.harness.samples, "undisturbed samples wanted of each contender");
  measurement.Add("sample_seconds", &c.harness.sample_seconds, "of a sample: as many steps as take that long");
  measurement.Add("most_seconds", &c.harness.most_seconds,
                  "of latency, and of profile, after which no further round begins");
  measurement.Add("seed", &c.harness.seed, "of the order of contenders");

  run.Add("device", &c.device, "auto (a GPU where there is one), cpu, cuda or cuda:N");
  run.Add(
      "threads", &c.threads,
      "of the CPU, 0 for all cores; a list makes contenders of each, and of a pipeline one, with the fewest in each "
      "worker");
  run.Add("out", &c.out, "a folder for results.json and results.md; older ones are replaced");
  flags->program.topics = {what, network, measurement, run};
  return flags;
}

BenchConfig ConfigOf(const Flags& flags) {
  BenchConfig config = flags.config;
  config.out = CallersPath(config.out);
  if (!flags.quick) return config;
  config.harness.samples = 8;
  config.harness.sample_seconds = 0.05;
  config.harness.most_warm_up = 12;
  config.harness.most_seconds = 45;
  return config;
}

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
  Flags* const flags = Register();
  std::string command = "//:bench --";
  for (int i = 1; i < argc; ++i) absl::StrAppend(&command, " ", argv[i]);
  return RunProgram({.name = "bench",
                     .parse = ParserOf(flags->program),
                     .work = [&] { return Bench(ConfigOf(*flags), command); },
                     .describe = DescribeDeviceFailure},
                    argc, argv);
}

}  // namespace
}  // namespace sid

int main(int argc, char** argv) { return sid::Main(argc, argv); }
