#pragma once

// The one list of //:train's options: flags, --help, the check of values, config.json and fuzzing come from it.
//
//   VisitFields(config, [](auto& value, const Field& field) { ... });  // `value` is const where the config is
//
// The order is config.json's, and results are named by a hash over it: a new option goes to the end, with kLater.

#include <limits>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/machine/precision.h"
#include "baselines/learners.h"
#include "data/loaders/registry.h"
#include "sid/belief/divergence.h"
#include "sid/learner/options.h"
#include "sid/learner/sid_learner.h"
#include "sid/network/architectures.h"
#include "sid/network/heads.h"
#include "sid/network/initialisation.h"
#include "sid/optimizer/optimizer.h"
#include "sid/optimizer/schedule.h"
#include "train/config.h"
#include "train/recipes.h"
#include "training/trainer.h"

namespace sid {

// Where --help shows it.
enum class Topic { kNetwork, kUpdate, kData, kOptimizer, kRun, kKept };
constexpr const char* kTopics[] = {"Network and learner", "Update", "Data", "Optimizer", "Run", "What is kept"};

// Whether config.json holds it. kLater: there were results before it; at its default they leave it out and keep their names.
// kNever: it says where results go or how they came about, not what they are.
enum class Saved { kAlways, kLater, kNever };

// What a number may be, both ends among it; `text` goes on after "it must be".
struct Range {
  double least, most;
  std::string text;
};

using Names = std::vector<std::string>;  // what a text may be

struct Field {
  const char* name;  // of the flag, and in config.json
  Topic topic;
  const char* help;  // where it ends with a colon it goes on with the names
  std::variant<std::monostate, Range, Names> allowed = {};
  Saved saved = Saved::kAlways;
};

// By default up to far beyond any use, and so little that no product of two overflows 64 bits.
inline Range From(int64_t least, int64_t most = 1'000'000'000) {
  return {static_cast<double>(least), static_cast<double>(most), absl::StrCat("from ", least, " to ", most)};
}

template <class Config, class Visitor>               // Config: TrainConfig or const TrainConfig
void VisitFields(Config& c, const Visitor& visit) {  // NOLINT(readability-function-size): a list
  using enum Topic;
  using enum Saved;
  using Double = std::numeric_limits<double>;
  const std::monostate any;
  const Range fraction{0, 1 - Double::epsilon() / 2, "in [0, 1)"};
  // Training runs where subnormal numbers are 0, the least of which would let 0 in.
  const Range positive{Double::min(), Double::max(), "above 0"}, not_negative{0, Double::max(), "0 or more"};
  const Range modules = From(1, 100'000);          // a list has an entry for each
  const Range units = From(1, 1'000'000'000'000);  // a layer that does not fit into memory is told as that

  visit(c.learner, {"learner", kNetwork, "what trains:", LearnerNames()});
  visit(c.dataset, {"dataset", kData, "what it is trained on (mnist-mini is embedded):", DatasetNames()});
  visit(c.data_dir, {"data_dir", kData, "the folder that holds the data set; //data:fetch downloads one"});
  visit(c.depth, {"depth", kNetwork, "L, the number of modules", modules});
  visit(c.hidden, {"hidden", kNetwork, "H, hidden units of a module", units});
  visit(c.features, {"features", kNetwork, "D, features that simple-cnn hands to every module", units});
  visit(c.initialisation, {"initialisation", kNetwork, "of the weights:", InitialisationNames()});
  visit(c.belief_update, {"belief_update", kNetwork,
                          "a module states the belief anew (the paper's), or adds to the logarithm of the one before:",
                          BeliefUpdateNames()});
  visit(c.alpha,
        {"alpha", kUpdate,
         "the target's weight against the teacher, in (0, 1]: 0.5 for all, 1:0.1 from first to last, or a list"});
  visit(c.divergence,
        {"divergence", kUpdate, "KL(t || p), or KL(p || t), which needs --smoothing:", DivergenceNames()});
  visit(c.smoothing, {"smoothing", kUpdate, "how much of the target is spread over all classes", fraction});
  visit(c.executor,
        {"executor", kUpdate,
         "auto (by device and heads), serial (literal, with autograd), batched (closed form, mlp heads), or "
         "cuda (the same, its belief chain one kernel)",
         ExecutorNames()});
  visit(
      c.precision,
      {"precision", kRun,
       "of products: fp32, tf32 (GPUs) or bf16 (GPUs, CPUs with AVX512-BF16 or AMX); weights and beliefs stay float32",
       PrecisionNames()});
  visit(c.capture, {"capture", kRun, "on a GPU: capture the training step as a CUDA graph, once, and replay it"});
  visit(c.chunk,
        {"chunk", kUpdate, "batched, cuda: modules updated at a time, to bound memory; 0 for all at once", From(0)});
  visit(c.extractor_gradient, {"extractor_gradient", kUpdate,
                               "of the modules' gradients their sum (the paper's), mean, pcgrad (what opposes "
                               "another's is taken out first), or none: it stays random",
                               ExtractorGradientNames()});
  visit(c.train_images,
        {"train_images", kData, "how many of the training set, the same number of each class; 0 for all", From(0)});
  visit(c.label_noise, {"label_noise", kData, "fraction of the training labels that are made wrong", fraction});
  visit(c.validation_fraction, {"validation_fraction", kData, "of the training set, to choose the epoch by", fraction});
  visit(c.augmentation, {"augmentation", kData, "auto is the data set's usual:",
                         Names{"auto", "none", "crop", "crop-flip", "crop-flip-cutout"}});
  visit(c.epochs, {"epochs", kOptimizer, "passes over the training set; 0 evaluates --weights", From(0)});
  visit(c.batch_size, {"batch_size", kOptimizer, "B, images a step", From(1)});
  visit(c.optimizer, {"optimizer", kOptimizer, "adam, adamw or sgd (Nesterov)", OptimizerNames()});
  visit(c.learning_rate, {"lr", kOptimizer, "learning rate after the warm-up", positive});
  visit(c.schedule, {"schedule", kOptimizer, "of the learning rate:", ScheduleNames()});
  visit(c.warmup_epochs, {"warmup_epochs", kOptimizer, "epochs over which the learning rate rises from 0", From(0)});
  visit(c.weight_decay, {"weight_decay", kOptimizer,
                         "decoupled for adamw and sgd; biases and normalisations do not decay", not_negative});
  visit(c.momentum, {"momentum", kOptimizer, "sgd's momentum, Adam's beta_1", fraction});
  visit(c.clip_norm,
        {"clip_norm", kOptimizer, "largest norm of a stage's gradients together; 0 for no clipping", not_negative});
  visit(c.seed, {"seed", kRun, "of weights, split, noise, order and augmentation: same seed, same bits"});
  visit(c.device, {"device", kRun, "auto (a GPU where there is one), cpu, cuda or cuda:N"});
  visit(c.threads, {"threads", kRun, "of the CPU; 0 for all cores", From(0, 4096)});
  visit(c.deterministic,
        {"deterministic", kRun, "same bits on a GPU too, a little slower; the CPU's are always the same"});
  visit(c.probe_every, {"probe_every", kRun,
                        "steps between two looks at the theory's quantities on a validation batch, which go to "
                        "metrics.jsonl and TensorBoard, and are told where they show a known failure; 0 for none",
                        From(0), kLater});
  visit(c.out,
        {"out", kKept,
         "a new folder for config.json, metrics.jsonl, summary.json, weights.safetensors and TensorBoard's events", any,
         kNever});
  visit(c.checkpoint_every, {"checkpoint_every", kKept,
                             "steps between two checkpoints in --out; 0 for one at the end of each epoch", From(0)});
  visit(c.keep_checkpoints, {"keep_checkpoints", kKept, "how many of the last checkpoints are kept", From(1)});
  visit(c.resume, {"resume", kKept, "go on from the newest whole checkpoint in --out, or begin where there is none yet",
                   any, kNever});
  visit(c.on_nan, {"on_nan", kKept,
                   "where a number is not finite: stop, or rollback to the last checkpoint with half the learning "
                   "rate, at most 3 times",
                   OnNanNames()});
  visit(c.recipe, {"recipe", kOptimizer, "a preset of the literature (train/recipes.h), which all other flags change:",
                   RecipeNames(), kNever});
  visit(c.network, {"network", kNetwork, "the blocks:", ArchitectureNames(), kLater});
  visit(c.width,
        {"width", kNetwork, "channels or numbers of the first block; 0 for the published ones", From(0), kLater});
  visit(c.partition,
        {"partition", kNetwork,
         "which blocks a module owns: shared (all of them by the first, the paper's) or shared:L; even:K (the "
         "same flops in each), lean:K (the same activations), or how many, as 3,2,2,2",
         any, kLater});
  visit(c.head, {"head", kNetwork, "of each module:", HeadKindNames(), kLater});
  visit(c.belief_input, {"belief_input", kNetwork, "heads see the belief of the module before", any, kLater});
  visit(c.inner_weight, {"inner_weight", kUpdate, "bp-deep: of each loss but the last", not_negative, kLater});
  visit(c.recompute,
        {"recompute", kUpdate, "backpropagation: keep the inputs of blocks alone and run each again on the way back",
         any, kLater});
  visit(c.weights, {"weights", kKept, "a run's weights.safetensors to begin with; with --epochs=0 they are evaluated",
                    any, kLater});
  visit(c.overlap, {"overlap", kUpdate,
                    "sid, dgl: a module's last block is trained by the next module's loss too, which then waits for "
                    "it; needs modules that own blocks",
                    any, kLater});
  visit(c.noisy_validation,
        {"noisy_validation", kData,
         "the labels that the epoch is chosen by are as noisy as those to train on: clean ones would rescue who learns "
         "wrong labels by heart",
         any, kLater});
  visit(
      c.pipeline,
      {"pipeline", kRun,
       "workers that share out the modules that own blocks and work side by side, each on a batch of its own: on "
       "threads, or streams of a GPU; under tools/launch or torchrun each process is one. The weights are those of 1, "
       "to the bit; bp's only up to rounding (docs/pipelines.md)",
       From(1, 1000), c.learner == "bp" && c.pipeline > 1 ? kLater : kNever});
  visit(c.rank_timeout,
        {"rank_timeout", kRun, "seconds that a process of a pipeline waits for another one", From(1), kNever});
  visit(c.join_timeout,
        {"join_timeout", kRun, "seconds in which all processes of a pipeline must have come", From(1), kNever});
  visit(c.streams, {"streams", kRun,
                    "on a GPU: a module's way back runs beside the next one's forward pass; more memory, same weights",
                    any, kNever});
  visit(c.micro_batches,
        {"micro_batches", kRun,
         "bp under tools/launch or torchrun: in how many pieces a batch passes the processes, which share "
         "out the blocks (GPipe); 0: each process has all blocks and a share of the batch (data-parallel)",
         From(0, 100'000), kLater});
  visit(c.feature_scale,
        {"feature_scale", kNetwork,
         "what heads see is multiplied by this: below 1 a head, and the blocks by its gradient, learn more slowly",
         positive, kLater});
}

}  // namespace sid
