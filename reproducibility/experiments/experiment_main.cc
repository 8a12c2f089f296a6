// ./tools/bazel run //:experiment -- --help

#include <gflags/gflags.h>

#include <iostream>

#include "absl/strings/str_format.h"
#include "base/command_line/flags.h"
#include "base/command_line/program.h"
#include "base/machine/device.h"
#include "base/status.h"
#include "reproducibility/experiments/experiment.h"

DEFINE_string(
    name, "",
    "accuracy, depth, alpha, initialisation, label-noise, belief-update, very-deep, extractor-gradient, divergence, "
    "learning-rate, sgd-recipe, blocks, overlap, architectures, peers or peers-mlp");
DEFINE_double(budget, 0,
              "minutes that all runs together may take, by the estimate: images, epochs and seeds shrink to fit; "
              "0 for the full size");
DEFINE_double(images_per_second, sid::ExperimentRequest().images_per_second,
              "what the estimate takes this machine to train on at small depth");
DEFINE_string(dataset, "", "another data set than the experiment's own");
DEFINE_string(data_dir, "", "the folder that holds the data set; //data:fetch downloads one");
DEFINE_string(precision, sid::ExperimentRequest().precision,
              "of every learner's products: fp32, tf32 (GPUs), or bf16 (GPUs, and CPUs with AVX512-BF16 or AMX)");
DEFINE_string(device, "auto", "auto (a GPU where there is one), cpu, cuda or cuda:N");
DEFINE_int64(threads, 0, "of the CPU; 0 for all cores");
DEFINE_string(out, "", "the folder of results: what is there already is not run again");

namespace sid {
namespace {

const ProgramFlags& Flags() {
  static const auto* const kFlags = new ProgramFlags{
      "Runs the experiments on the paper's claims: one JSON file a run, and a table.\n\n"
      "Usage: ./tools/bazel run //:experiment -- --name=depth --budget=120 --data_dir=DIR --out=results",
      {{"Experiment", {"name", "budget", "images_per_second", "dataset", "data_dir", "out"}},
       {"Run", {"precision", "device", "threads"}}}};
  return *kFlags;
}

absl::Status RunExperiment() {
  if (FLAGS_out.empty()) return absl::InvalidArgumentError("--out is missing: name the folder of results");
  SID_ASSIGN_OR_RETURN(const Plan plan, MakePlan({.name = FLAGS_name,
                                                  .dataset = FLAGS_dataset,
                                                  .data_dir = CallersPath(FLAGS_data_dir),
                                                  .budget_minutes = FLAGS_budget,
                                                  .images_per_second = FLAGS_images_per_second,
                                                  .precision = FLAGS_precision,
                                                  .device = FLAGS_device,
                                                  .threads = FLAGS_threads}));
  std::cout << absl::StrFormat("%s: %d runs of %d epochs on %s training images, %d seeds, about %.0f minutes\n%s\n",
                               FLAGS_name, plan.runs.size(), plan.scale.epochs,
                               plan.scale.train_images == 0 ? "all" : std::to_string(plan.scale.train_images),
                               plan.scale.seeds, plan.minutes, ResultHead())
            << std::flush;
  ExperimentHooks hooks{.clock = SecondsNow};
  hooks.on_end = [](size_t, const nlohmann::ordered_json& result, bool kept) {
    std::cout << ResultRow(result) << (kept ? "  (kept)" : "") << std::endl;
  };
  return RunPlan(plan, CallersPath(FLAGS_out), hooks);
}

absl::Status Parse(int argc, char** argv, std::string* help) { return ParseFlags(argc, argv, Flags(), help); }

}  // namespace
}  // namespace sid

int main(int argc, char** argv) {
  return sid::RunProgram(
      {.name = "experiment", .parse = sid::Parse, .work = sid::RunExperiment, .describe = sid::DescribeDeviceFailure},
      argc, argv);
}
