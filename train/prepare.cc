#include "train/prepare.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <utility>

#include "base/machine/device.h"
#include "base/machine/precision.h"
#include "base/machine/process.h"
#include "base/status.h"
#include "baselines/learners.h"
#include "data/batches/augmentation.h"
#include "data/changes/label_noise.h"
#include "data/changes/split.h"
#include "data/changes/subset.h"
#include "data/fingerprint.h"
#include "data/registry.h"
#include "sid/learner/choose_executor.h"
#include "sid/network/initialisation.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

// What the config's names stand for.
struct Choices {
  at::Device device = at::kCPU;
  Initialisation initialisation = Initialisation::kPyTorch;
  BeliefUpdate belief_update = BeliefUpdate::kReplace;
  SidOptions sid;
  ExecutorOptions executor;
  OptimizerOptions optimizer;
  ScheduleShape schedule = ScheduleShape::kConstant;
  OnNan on_nan = OnNan::kStop;
};

absl::StatusOr<SidOptions> SidOptionsOf(const TrainConfig& config) {
  SidOptions options;
  SID_ASSIGN_OR_RETURN(options.divergence, ParseDivergence(config.divergence));
  SID_ASSIGN_OR_RETURN(options.alphas, ParseAlphas(config.alpha, config.depth));
  SID_ASSIGN_OR_RETURN(options.features, ParseFeatureMode(config.feature_mode));
  SID_ASSIGN_OR_RETURN(options.extractor_gradient, ParseExtractorGradient(config.extractor_gradient));
  options.smoothing = config.smoothing;
  SID_RETURN_IF_ERROR(Validate(options));
  return options;
}

absl::StatusOr<Choices> Choose(const TrainConfig& config) {
  Choices choices;
  SID_ASSIGN_OR_RETURN(choices.device, ParseDevice(config.device));
  SID_ASSIGN_OR_RETURN(choices.initialisation, ParseInitialisation(config.initialisation));
  SID_ASSIGN_OR_RETURN(choices.belief_update, ParseBeliefUpdate(config.belief_update));
  SID_ASSIGN_OR_RETURN(choices.sid, SidOptionsOf(config));
  SID_ASSIGN_OR_RETURN(choices.executor.executor, ParseExecutor(config.executor));
  choices.executor.chunk = config.chunk;
  SID_ASSIGN_OR_RETURN(choices.executor.precision, ParsePrecision(config.precision, choices.device));
  SID_ASSIGN_OR_RETURN(choices.optimizer.rule, ParseOptimizer(config.optimizer));
  choices.optimizer.momentum = config.momentum;
  choices.optimizer.weight_decay = config.weight_decay;
  choices.optimizer.clip_norm = config.clip_norm;
  SID_ASSIGN_OR_RETURN(choices.schedule, ParseSchedule(config.schedule));
  SID_ASSIGN_OR_RETURN(choices.on_nan, ParseOnNan(config.on_nan));
  return choices;
}

absl::StatusOr<Dataset> LoadSplitAndNoise(const TrainConfig& config) {
  SID_ASSIGN_OR_RETURN(Dataset dataset,
                       LoadDataset({config.dataset, config.data_dir, config.seed, static_cast<int>(config.threads)}));
  SID_ASSIGN_OR_RETURN(dataset, KeepTrainingImages(std::move(dataset), config.train_images, config.seed));
  SID_ASSIGN_OR_RETURN(dataset, SplitValidation(std::move(dataset), config.validation_fraction, config.seed));
  SID_ASSIGN_OR_RETURN(NoisyLabels noisy, AddLabelNoise(std::move(dataset), config.label_noise, config.seed));
  return std::move(noisy.dataset);
}

absl::StatusOr<TrainingOptions> TrainingOptionsOf(const TrainConfig& config, const Choices& choices,
                                                  const Dataset& dataset) {
  const at::Tensor& images = dataset.train.images;
  SID_ASSIGN_OR_RETURN(const Augmentation augmentation,
                       ParseAugmentation(config.augmentation, images.size(2), images.size(3)));
  return TrainingOptions{
      .epochs = config.epochs,
      .batches = {.batch_size = config.batch_size, .seed = config.seed, .augmentation = augmentation},
      .schedule = choices.schedule,
      .learning_rate = config.learning_rate,
      .warmup_epochs = config.warmup_epochs,
      .evaluation = {.divergence = choices.sid.divergence, .smoothing = config.smoothing},
      .capture = config.capture && choices.device.is_cuda(),
      .checkpoint_every = config.checkpoint_every,
      .on_nan = choices.on_nan};
}

// Made on the CPU, whatever the device, so that a seed means the same weights everywhere.
Network MakeNetwork(const TrainConfig& config, const Choices& choices, const Dataset& dataset) {
  Network network = EmptyNetwork({dataset.train.images.size(1), dataset.classes(), config.depth, config.features,
                                  config.hidden, choices.belief_update});
  const int64_t shown = std::min<int64_t>(dataset.train.size(), 256);
  const Batch batch = OrderedBatch(dataset.train, dataset.statistics, 0, shown);
  Initialise(choices.initialisation, config.seed, batch.images, network);
  return CloneTo(network, choices.device, at::kFloat);
}

}  // namespace

absl::StatusOr<PreparedRun> Prepare(TrainConfig config) {
  SID_RETURN_IF_ERROR(Validate(config));
  config.depth = LearnerDepth(config.learner, config.depth);
  SID_ASSIGN_OR_RETURN(Choices choices, Choose(config));
  SetUpProcess(config.threads);
  if (config.deterministic) UseDeterministicAlgorithms();
  UsePrecision(choices.executor.precision);
  if (choices.executor.precision == Precision::kBf16 && !HasBf16Instructions(choices.device)) {
    LOG(WARNING) << "this processor has no bf16 instructions: precision bf16 works, but more slowly than fp32";
  }
  SID_ASSIGN_OR_RETURN(Dataset dataset, LoadSplitAndNoise(config));
  if (config.augmentation == "auto") config.augmentation = DefaultAugmentation(config.dataset);
  SID_ASSIGN_OR_RETURN(TrainingOptions options, TrainingOptionsOf(config, choices, dataset));
  const Network network = MakeNetwork(config, choices, dataset);
  if (config.learner == "sid" && choices.executor.executor == Executor::kAuto) {
    choices.executor.executor =
        FastestExecutor(network, choices.sid, choices.executor.precision, choices.executor.chunk);
    config.executor = ExecutorNames()[static_cast<size_t>(choices.executor.executor)];
  }
  SID_ASSIGN_OR_RETURN(auto learner,
                       MakeLearner(config.learner, network, choices.sid, choices.executor, choices.optimizer));
  config.device = choices.device.str();
  config.capture = options.capture;
  config.threads = at::get_num_threads();
  const ProbeOptions probe{choices.sid.divergence, choices.sid.alphas, config.smoothing,
                           /*local_losses=*/config.learner == "sid", choices.sid.extractor_gradient};
  const std::string fingerprint = config.out.empty() ? "" : Fingerprint(dataset);
  return PreparedRun{
      config, choices.device, ToDevice(dataset, choices.device), fingerprint, options, network, std::move(learner),
      probe};
}

}  // namespace sid
