#include "bench/flags.h"

#include <gflags/gflags.h>

#include "base/command_line/flags.h"
#include "base/status.h"

// The defaults are BenchConfig's own: they stand in one place.
DEFINE_string(learners, sid::BenchConfig().learners, "a list of sid, bp-chain, bp-deep, bp-head, bp-chain-checkpoint");
DEFINE_string(executors, sid::BenchConfig().executors,
              "sid: a list of serial, batched, cuda, or all that the device has");
DEFINE_string(chunks, sid::BenchConfig().chunks, "sid: a list of how many modules are updated at a time, 0 for all");
DEFINE_string(
    schedules, sid::BenchConfig().schedules,
    "sid on modules that own blocks: a list of serial, streams (GPU: a module's way back beside the next one's "
    "forward pass), pipeline (each module on the batch that the one before had a step ago) and ranks (the same, each "
    "a process); bp on as many processes as --depths says: data-parallel, gpipe");
DEFINE_string(precisions, sid::BenchConfig().precisions, "a list of fp32, tf32 (GPU), bf16");
DEFINE_string(depths, sid::BenchConfig().depths, "a list of L, the number of modules");
DEFINE_string(batches, sid::BenchConfig().batches, "a list of B, examples a step");

DEFINE_string(networks, sid::BenchConfig().networks,
              "simple-cnn, vgg11, resnet9, resnet18, revnet18 or vit-tiny: a list");
DEFINE_string(
    partitions, sid::BenchConfig().partitions,
    "shared, even, lean or a list of blocks, as --partition of //:train; several are separated by semicolons. "
    "even and lean split among as many modules as --depths says");
DEFINE_string(head, sid::BenchConfig().head, "of all modules: mlp, linear or conv");
DEFINE_bool(recompute, sid::BenchConfig().recompute,
            "backpropagation keeps the inputs of blocks alone and runs each again on the way back");
DEFINE_bool(extractor, sid::BenchConfig().problem.extractor,
            "with the extractor; without, the cascade alone on features");
DEFINE_int64(classes, sid::BenchConfig().problem.classes, "C");
DEFINE_int64(side, sid::BenchConfig().problem.side, "of the square images, pixels");
DEFINE_int64(features, sid::BenchConfig().problem.features, "D, features that every module gets");
DEFINE_int64(hidden, sid::BenchConfig().problem.hidden, "H, hidden units of a module");

DEFINE_bool(quick, false,
            "a first look, with wider intervals: 8 samples of 0.05 s and 45 s a pass, whatever the flags below say");
DEFINE_double(most_seconds, sid::BenchConfig().harness.most_seconds,
              "of latency, and of profile, after which no further round begins");
DEFINE_int64(samples, sid::BenchConfig().harness.samples, "undisturbed samples wanted of each contender");
DEFINE_double(sample_seconds, sid::BenchConfig().harness.sample_seconds,
              "of a sample: as many steps as take that long");
DEFINE_string(capture, sid::BenchConfig().capture,
              "GPU: on for steps captured as CUDA graphs, as training runs them, off for plain ones, or both");
DEFINE_bool(nvtx, sid::BenchConfig().harness.nvtx, "shows the phases to a profiler (nsys) as NVTX ranges");
DEFINE_uint64(seed, sid::BenchConfig().harness.seed, "of the order of contenders, and of the intervals");

DEFINE_double(bandwidth, sid::BenchConfig().bandwidth, "critical path: of a link between devices, GB/s");
DEFINE_double(latency, sid::BenchConfig().latency, "critical path: of a message, microseconds");

DEFINE_string(partition, sid::BenchConfig().partition,
              "critical path: modules on each device, as 2,1,1, besides balanced ones");

DEFINE_string(device, sid::BenchConfig().device, "auto (a GPU where there is one), cpu, cuda or cuda:N");
DEFINE_string(threads, sid::BenchConfig().threads,
              "of the CPU, 0 for all cores; a list makes contenders of each, and of a pipeline one, with the fewest in "
              "each worker");
DEFINE_string(out, sid::BenchConfig().out, "a folder for results.json and results.md; older ones are replaced");

namespace sid {
namespace {

const ProgramFlags& Program() {
  static const auto* const kProgram = new ProgramFlags{
      "Measures learners against each other: time of a step and of its phases, memory, and the three speedups, "
      "theoretical, critical path and measured.\n\n"
      "Usage: ./tools/bazel run //:bench -- --learners=sid,bp-chain --depths=4,8,16 --quick",
      {{"What runs", {"learners", "executors", "chunks", "schedules", "precisions", "capture", "depths", "batches"}},
       {"Network",
        {"networks", "partitions", "head", "recompute", "extractor", "classes", "side", "features", "hidden"}},
       {"Measurement", {"quick", "samples", "sample_seconds", "most_seconds", "nvtx", "seed"}},
       {"Modelled devices", {"bandwidth", "latency", "partition"}},
       {"Run", {"device", "threads", "out"}}}};
  return *kProgram;
}

}  // namespace

absl::StatusOr<BenchConfig> ConfigFromFlags(int argc, const char* const* argv, std::string* help) {
  SID_RETURN_IF_ERROR(ParseFlags(argc, argv, Program(), help));
  BenchConfig config{.learners = FLAGS_learners,
                     .networks = FLAGS_networks,
                     .partitions = FLAGS_partitions,
                     .head = FLAGS_head,
                     .recompute = FLAGS_recompute,
                     .executors = FLAGS_executors,
                     .chunks = FLAGS_chunks,
                     .schedules = FLAGS_schedules,
                     .precisions = FLAGS_precisions,
                     .capture = FLAGS_capture,
                     .depths = FLAGS_depths,
                     .batches = FLAGS_batches,
                     .problem = {.extractor = FLAGS_extractor,
                                 .classes = FLAGS_classes,
                                 .side = FLAGS_side,
                                 .features = FLAGS_features,
                                 .hidden = FLAGS_hidden},
                     .harness = {.samples = FLAGS_samples,
                                 .sample_seconds = FLAGS_sample_seconds,
                                 .most_seconds = FLAGS_most_seconds,
                                 .nvtx = FLAGS_nvtx,
                                 .seed = FLAGS_seed},
                     .bandwidth = FLAGS_bandwidth,
                     .latency = FLAGS_latency,
                     .partition = FLAGS_partition,
                     .device = FLAGS_device,
                     .threads = FLAGS_threads,
                     .out = CallersPath(FLAGS_out)};
  if (FLAGS_quick) MakeQuick(&config);
  return config;
}

}  // namespace sid
