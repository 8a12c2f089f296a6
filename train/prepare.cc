#include "train/prepare.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/machine/device.h"
#include "base/machine/precision.h"
#include "base/machine/process.h"
#include "base/status.h"
#include "baselines/learners.h"
#include "data/batches/augmentation.h"
#include "data/changes.h"
#include "data/dataset.h"
#include "data/loaders/registry.h"
#include "sid/network/initialisation.h"
#include "third_party/logging/logging.h"
#include "train/initial_weights.h"

namespace sid {

namespace {

// What the config's names stand for.
struct Choices {
  at::Device device = at::kCPU;
  LearnerKind learner;
  LearnerOptions options;
  ScheduleShape schedule = ScheduleShape::kConstant;
  OnNan on_nan = OnNan::kStop;
};

absl::StatusOr<SidOptions> SidOptionsOf(const TrainConfig& config) {
  SidOptions options;
  SID_ASSIGN_OR_RETURN(options.divergence, ParseDivergence(config.divergence));
  SID_ASSIGN_OR_RETURN(options.extractor_gradient, ParseExtractorGradient(config.extractor_gradient));
  options.smoothing = config.smoothing;
  options.overlap = config.overlap;
  SID_RETURN_IF_ERROR(Validate(options));
  return options;
}

absl::StatusOr<Choices> Choose(const TrainConfig& config) {
  Choices choices;
  SID_ASSIGN_OR_RETURN(choices.learner, FindLearner(config.learner));
  SID_ASSIGN_OR_RETURN(choices.device, ParseDevice(config.device));
  SID_ASSIGN_OR_RETURN(choices.options.sid, SidOptionsOf(config));
  SID_ASSIGN_OR_RETURN(choices.options.executor.executor, ParseExecutor(config.executor));
  choices.options.executor.chunk = config.chunk;
  choices.options.executor.streams = config.streams;
  SID_ASSIGN_OR_RETURN(choices.options.executor.precision, ParsePrecision(config.precision, choices.device));
  SID_ASSIGN_OR_RETURN(choices.options.optimizer.rule, ParseOptimizer(config.optimizer));
  choices.options.optimizer.momentum = config.momentum;
  choices.options.optimizer.weight_decay = config.weight_decay;
  choices.options.optimizer.clip_norm = config.clip_norm;
  choices.options.inner_weight = config.inner_weight;
  choices.options.recompute = config.recompute;
  choices.options.seed = config.seed;
  SID_ASSIGN_OR_RETURN(choices.schedule, ParseSchedule(config.schedule));
  SID_ASSIGN_OR_RETURN(choices.on_nan, ParseOnNan(config.on_nan));
  return choices;
}

absl::StatusOr<Dataset> LoadSplitAndNoise(const TrainConfig& config) {
  SID_ASSIGN_OR_RETURN(Dataset dataset,
                       LoadDataset({config.dataset, config.data_dir, config.seed, static_cast<int>(config.threads)}));
  SID_ASSIGN_OR_RETURN(dataset, KeepTrainingImages(std::move(dataset), config.train_images, config.seed));
  const auto add_noise = [&]() -> absl::Status {
    SID_ASSIGN_OR_RETURN(NoisyLabels noisy, AddLabelNoise(std::move(dataset), config.label_noise, config.seed));
    dataset = std::move(noisy.dataset);
    return absl::OkStatus();
  };
  if (config.noisy_validation) SID_RETURN_IF_ERROR(add_noise());
  SID_ASSIGN_OR_RETURN(dataset, SplitValidation(std::move(dataset), config.validation_fraction, config.seed));
  if (!config.noisy_validation) SID_RETURN_IF_ERROR(add_noise());
  return dataset;
}

absl::StatusOr<TrainingOptions> TrainingOptionsOf(const TrainConfig& config, const Choices& choices,
                                                  const Dataset& dataset) {
  const at::Tensor& images = dataset.train.images;
  SID_ASSIGN_OR_RETURN(const Augmentation augmentation,
                       ParseAugmentation(config.augmentation, images.size(2), images.size(3)));
  const at::ScalarType type = ComputeType(choices.options.executor.precision, at::kFloat);
  return TrainingOptions{
      .epochs = config.epochs,
      .batches = {.batch_size = config.batch_size, .seed = config.seed, .augmentation = augmentation, .type = type},
      .schedule = choices.schedule,
      .learning_rate = config.learning_rate,
      .warmup_epochs = config.warmup_epochs,
      .evaluation = {.divergence = choices.options.sid.divergence, .smoothing = config.smoothing, .type = type},
      .capture = config.capture && choices.device.is_cuda(),
      .checkpoint_every = config.checkpoint_every,
      .on_nan = choices.on_nan};
}

// Made on the CPU, whatever the device, so that a seed means the same weights everywhere. Puts into `config` what is in effect.
absl::StatusOr<Network> MakeNetwork(const Choices& choices, const Dataset& dataset, TrainConfig& config) {
  const at::Tensor& images = dataset.train.images;
  SID_ASSIGN_OR_RETURN(const Architecture architecture, MakeArchitecture({config.network, images.sizes().slice(1).vec(),
                                                                          config.width, config.features}));
  SID_ASSIGN_OR_RETURN(Partition partition, ParsePartition(config.partition, config.depth, architecture.blocks));
  partition = PartitionFor(choices.learner, partition);
  config.depth = static_cast<int64_t>(partition.size());
  const bool shared = partition[0] == static_cast<int64_t>(architecture.blocks.size());
  config.partition = shared ? "shared" : absl::StrJoin(partition, ",");
  config.belief_input = config.belief_input && choices.learner.sees_belief;
  if (choices.learner.target_alone) config.alpha = "1";
  SID_ASSIGN_OR_RETURN(const HeadKind head, ParseHeadKind(config.head));
  SID_ASSIGN_OR_RETURN(const BeliefUpdate update, ParseBeliefUpdate(config.belief_update));
  const HeadShape shape{head, config.hidden, config.belief_input, update, config.feature_scale};
  Network network = EmptyNetwork(architecture, partition, shape, dataset.classes());
  SID_ASSIGN_OR_RETURN(const Initialisation initialisation, ParseInitialisation(config.initialisation));
  SID_RETURN_IF_ERROR(CheckInitialisation(initialisation, network));
  const int64_t shown = std::min<int64_t>(dataset.train.size(), 256);
  Initialise(initialisation, config.seed, OrderedBatch(dataset.train, dataset.statistics, 0, shown).images, network);
  return CloneTo(network, choices.device, at::kFloat);
}

// That there are workers for the pipeline that is asked for.
absl::Status CheckPipeline(const TrainConfig& config, const Choices& choices, const Network& network) {
  if (config.streams && !choices.learner.local_losses) {
    return absl::InvalidArgumentError(
        absl::StrCat("--streams needs modules that learn by themselves, which those of --learner=", config.learner,
                     " do not: use sid or dgl, or leave it out"));
  }
  if (config.streams && (!choices.device.is_cuda() || config.pipeline > 1 || choices.options.sid.overlap)) {
    return absl::InvalidArgumentError(
        "--streams runs modules side by side on a GPU: not on the CPU, nor with --pipeline, which does so already, nor "
        "with --overlap, which forbids it");
  }
  if (config.micro_batches > 0 && (config.pipeline == 1 || !choices.learner.over_ranks)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--micro_batches=", config.micro_batches,
                     " is of --learner=bp by several processes: start them by tools/launch, or leave it out"));
  }
  if (config.pipeline == 1) return absl::OkStatus();
  const std::string asked = absl::StrCat("--pipeline=", config.pipeline);
  if (choices.learner.over_ranks) {
    const auto blocks = static_cast<int64_t>(network.stages[0].blocks.size());
    if (config.micro_batches == 0 || config.pipeline <= blocks) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat(config.pipeline, " processes are more than the ", blocks,
                                                   " blocks of --network=", config.network,
                                                   ", of which --micro_batches gives each one or more"));
  }
  if (!choices.learner.local_losses) {
    return absl::InvalidArgumentError(
        absl::StrCat(asked, " needs modules that learn by themselves, which those of --learner=", config.learner,
                     " do not: use sid or dgl, or bp by several processes"));
  }
  if (choices.options.sid.overlap)
    return absl::InvalidArgumentError(absl::StrCat(asked, " cannot wait for what --overlap gives back: leave one out"));
  const auto stages = static_cast<int64_t>(network.stages.size());
  if (config.pipeline <= stages) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(asked, " is more than the ", stages, " modules that own blocks with --partition=", config.partition,
                   ": each worker needs one of its own; --partition=even:", config.pipeline, " makes as many"));
}

}  // namespace

absl::StatusOr<PreparedRun> Prepare(TrainConfig config) {
  SID_RETURN_IF_ERROR(Validate(config));
  SID_ASSIGN_OR_RETURN(Choices choices, Choose(config));
  LearnerOptions& learning = choices.options;
  SID_RETURN_IF_ERROR(SetUpProcess(config.threads));
  if (config.deterministic) UseDeterministicAlgorithms();
  UsePrecision(learning.executor.precision);
  if (learning.executor.precision == Precision::kBf16 && !HasBf16Instructions(choices.device)) {
    LOG(WARNING) << "this processor has no bf16 instructions: precision bf16 works, but more slowly than fp32";
  }
  SID_ASSIGN_OR_RETURN(Dataset dataset, LoadSplitAndNoise(config));
  if (config.augmentation == "auto") config.augmentation = DefaultAugmentation(config.dataset);
  SID_ASSIGN_OR_RETURN(TrainingOptions options, TrainingOptionsOf(config, choices, dataset));
  SID_ASSIGN_OR_RETURN(const Network network, MakeNetwork(choices, dataset, config));
  SID_RETURN_IF_ERROR(CheckPipeline(config, choices, network));
  SID_ASSIGN_OR_RETURN(learning.sid.alphas, ParseAlphas(config.alpha, config.depth));
  if (choices.learner.local_losses) {
    learning.executor.executor = Resolve(learning.executor, network);
    config.executor = ExecutorNames()[static_cast<size_t>(learning.executor.executor)];
  }
  SID_ASSIGN_OR_RETURN(auto learner, MakeLearner(config.learner, network, learning));
  // A run that goes on has weights of its own, unless it was broken off before it began (train/run.cc).
  if (!config.weights.empty() && !config.resume) SID_RETURN_IF_ERROR(LoadWeights(config, *learner));
  config.device = choices.device.str();
  config.capture = options.capture;
  config.threads = at::get_num_threads();
  const ProbeOptions probe{learning.sid.divergence, learning.sid.alphas, config.smoothing, choices.learner.local_losses,
                           learning.sid.extractor_gradient};
  const std::string fingerprint = config.out.empty() ? "" : Fingerprint(dataset);
  return PreparedRun{
      config, choices.device, ToDevice(dataset, choices.device), fingerprint, options, std::move(learner), probe};
}

void AddProbe(const PreparedRun& run, const std::function<absl::Status(const ProbeRecord&)>& on_record,
              TrainingHooks& hooks) {
  const int64_t every = run.config.probe_every;
  if (every == 0) return;
  const Dataset& dataset = run.dataset;
  const Examples& examples = dataset.validation.size() > 0 ? dataset.validation : dataset.train;
  const auto probe =
      std::make_shared<Probe>(*run.learner, ProbeBatch(examples, dataset.statistics, run.config.batch_size), run.probe);
  hooks.looks = [=](int64_t step) { return step % every == 0; };
  hooks.before_step = [=](int64_t step) {
    if (step % every == 0) probe->BeforeStep();
    return absl::OkStatus();
  };
  hooks.after_step = [=](int64_t step) {
    return step % every == 0 ? on_record(probe->AfterStep(step)) : absl::OkStatus();
  };
}

}  // namespace sid
