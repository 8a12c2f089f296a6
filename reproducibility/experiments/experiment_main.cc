// ./tools/bazel run //:experiment -- --help

#include <gflags/gflags.h>

#include <iostream>

#include "absl/strings/str_format.h"
#include "base/command_line/flags.h"
#include "base/command_line/program.h"
#include "base/files.h"
#include "base/machine/device.h"
#include "base/status.h"
#include "reproducibility/experiments/experiment.h"
#include "reproducibility/experiments/results.h"
#include "reproducibility/experiments/settings.h"

DEFINE_string(name, "",
              "accuracy, authors-recipe, depth, alpha, initialisation, label-noise, belief-update, very-deep, "
              "extractor-gradient, divergence, "
              "learning-rate, sgd-recipe, blocks, overlap, architectures, peers or peers-mlp");
DEFINE_int64(seeds, 5, "of every setting");
DEFINE_int64(epochs, sid::Size().epochs, "passes over the training set");
DEFINE_int64(train_images, 0, "how many of the training set; 0 for all");
DEFINE_int64(batch_size, 0, "images a step; 0 for the recipe's");
DEFINE_string(dataset, "", "another data set than the experiment's own");
DEFINE_string(data_dir, "", "the folder that holds the data set; //data:fetch downloads one");
DEFINE_string(precision, sid::Size().precision,
              "of every learner's products: fp32, tf32 (GPUs), or bf16 (GPUs, and CPUs with AVX512-BF16 or AMX)");
DEFINE_string(device, "auto", "auto (a GPU where there is one), cpu, cuda or cuda:N");
DEFINE_int64(threads, 0, "of the CPU; 0 for all cores");
DEFINE_string(out, "", "the folder of results: what is there already is not run again");

namespace sid {
namespace {

const ProgramFlags& Flags() {
  static const auto* const kFlags = new ProgramFlags{
      "Runs the experiments on the paper's claims: one JSON file a run, and a table.\n\n"
      "Usage: ./tools/bazel run //:experiment -- --name=depth --seeds=3 --epochs=20 --data_dir=DIR --out=results",
      {{"Experiment", {"name", "seeds", "epochs", "train_images", "batch_size", "dataset", "data_dir", "out"}},
       {"Run", {"precision", "device", "threads"}}}};
  return *kFlags;
}

absl::Status RunExperiment() {
  if (FLAGS_out.empty()) return absl::InvalidArgumentError("--out is missing: name the folder of results");
  SID_ASSIGN_OR_RETURN(const std::vector<TrainConfig> settings,
                       SettingsOf(FLAGS_name, {.dataset = FLAGS_dataset,
                                               .train_images = FLAGS_train_images,
                                               .epochs = FLAGS_epochs,
                                               .batch_size = FLAGS_batch_size,
                                               .data_dir = CallersPath(FLAGS_data_dir),
                                               .precision = FLAGS_precision,
                                               .device = FLAGS_device,
                                               .threads = FLAGS_threads}));
  double minutes = 0;
  for (const TrainConfig& setting : settings) minutes += static_cast<double>(FLAGS_seeds) * EstimatedMinutes(setting);
  std::cout << absl::StrFormat("%s: %d settings, %d seeds, about %.0f minutes on two CPU cores\n", FLAGS_name,
                               settings.size(), FLAGS_seeds, minutes)
            << std::flush;
  SID_RETURN_IF_ERROR(EnsureWritableFolder(CallersPath(FLAGS_out)));
  for (int64_t seed = 1; seed <= FLAGS_seeds; ++seed) {
    for (TrainConfig run : settings) {
      run.seed = static_cast<uint64_t>(seed);
      SID_ASSIGN_OR_RETURN(const FinishedOrKept finished,
                           RunOrRead(run, CallersPath(FLAGS_out), {.clock = SecondsNow}));
      std::cout << ResultName(run) << "  " << Describe(run, finished.result) << (finished.kept ? "  (kept)" : "")
                << std::endl;
    }
  }
  return absl::OkStatus();
}

absl::Status Parse(int argc, char** argv, std::string* help) { return ParseFlags(argc, argv, Flags(), help); }

}  // namespace
}  // namespace sid

int main(int argc, char** argv) {
  return sid::RunProgram(
      {.name = "experiment", .parse = sid::Parse, .work = sid::RunExperiment, .describe = sid::DescribeDeviceFailure},
      argc, argv);
}
