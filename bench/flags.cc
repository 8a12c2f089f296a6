#include "base/command_line/flags.h"

#include "absl/strings/str_join.h"
#include "base/status.h"
#include "baselines/learners.h"
#include "bench/sweep.h"
#include "sid/network/architectures.h"

namespace sid {
namespace {

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

}  // namespace

absl::StatusOr<BenchConfig> ConfigFromFlags(int argc, const char* const* argv, std::string* help) {
  static Flags* const kFlags = Register();
  SID_RETURN_IF_ERROR(ParseFlags(argc, argv, kFlags->program, help));
  BenchConfig config = kFlags->config;
  config.out = CallersPath(config.out);
  if (!kFlags->quick) return config;
  config.harness.samples = 8;
  config.harness.sample_seconds = 0.05;
  config.harness.most_warm_up = 12;
  config.harness.most_seconds = 45;
  return config;
}

}  // namespace sid
