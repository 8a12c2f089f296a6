#include "train/flags.h"

#include <gflags/gflags.h>

#include "base/command_line/flags.h"
#include "base/status.h"

// The defaults are TrainConfig's own: they stand in one place.
DEFINE_string(learner, sid::TrainConfig().learner,
              "what trains: sid, bp-chain, bp-deep, bp-head or bp-chain-checkpoint");
DEFINE_int64(depth, sid::TrainConfig().depth, "L, the number of modules");
DEFINE_int64(hidden, sid::TrainConfig().hidden, "H, hidden units of a module");
DEFINE_int64(features, sid::TrainConfig().features, "D, features that the extractor hands to every module");
DEFINE_string(initialisation, sid::TrainConfig().initialisation, "pytorch, kaiming, xavier, lsuv or identity");
DEFINE_string(
    belief_update, sid::TrainConfig().belief_update,
    "replace, a module states the belief anew (the paper's), or residual, it adds to the logarithm of the one "
    "before");

DEFINE_string(dataset, sid::TrainConfig().dataset,
              "mnist-mini (embedded), mnist, cifar10, cifar100, tiny-imagenet or synthetic");
DEFINE_string(data_dir, sid::TrainConfig().data_dir, "the folder that holds the data set; //data:fetch downloads one");
DEFINE_int64(train_images, sid::TrainConfig().train_images,
             "how many images of the training set are used, the same of each class; 0 for all");
DEFINE_double(label_noise, sid::TrainConfig().label_noise,
              "fraction of the training labels that are made wrong, in [0, 1)");
DEFINE_double(validation_fraction, sid::TrainConfig().validation_fraction,
              "fraction of the training set to choose the epoch by");
DEFINE_string(augmentation, sid::TrainConfig().augmentation, "auto (the data set's usual), none, crop or crop-flip");

DEFINE_string(alpha, sid::TrainConfig().alpha,
              "weight of the target against the teacher, in (0, 1]: 0.5 for all modules, 1:0.1 linear from first to "
              "last, or a list");
DEFINE_string(divergence, sid::TrainConfig().divergence,
              "forward, KL(t || p), or reverse, KL(p || t), which needs --smoothing");
DEFINE_double(smoothing, sid::TrainConfig().smoothing, "how much of the target is spread over all classes, in [0, 1)");
DEFINE_string(executor, sid::TrainConfig().executor,
              "how the update is computed: auto (the fastest), serial (literal, with autograd), batched (closed form) "
              "or cuda (the same, its belief chain one kernel)");
DEFINE_int64(chunk, sid::TrainConfig().chunk,
             "batched, cuda: modules updated at a time, so that memory does not grow with depth; 0 for all at once");
DEFINE_string(feature_mode, sid::TrainConfig().feature_mode,
              "serial: reuse phase 1's activations of the extractor, or recompute them");
DEFINE_string(extractor_gradient, sid::TrainConfig().extractor_gradient,
              "how the modules' gradients train the extractor: sum (the paper's), mean, pcgrad (what opposes another "
              "module's is taken out first), or none (it stays random)");

DEFINE_int64(epochs, sid::TrainConfig().epochs, "passes over the training set");
DEFINE_int64(batch_size, sid::TrainConfig().batch_size, "B, images a step");
DEFINE_string(optimizer, sid::TrainConfig().optimizer, "adam, adamw or sgd (Nesterov)");
DEFINE_double(lr, sid::TrainConfig().learning_rate, "learning rate after the warm-up");
DEFINE_string(schedule, sid::TrainConfig().schedule, "of the learning rate: constant, step or cosine");
DEFINE_double(warmup_epochs, sid::TrainConfig().warmup_epochs, "epochs over which the learning rate rises from 0");
DEFINE_double(weight_decay, sid::TrainConfig().weight_decay, "decoupled for adamw and sgd; biases do not decay");
DEFINE_double(momentum, sid::TrainConfig().momentum, "sgd's momentum, Adam's beta_1");
DEFINE_double(clip_norm, sid::TrainConfig().clip_norm, "largest norm of all gradients together; 0 for no clipping");

DEFINE_uint64(seed, sid::TrainConfig().seed, "of weights, split, noise, order and augmentation: same seed, same bits");
DEFINE_string(device, sid::TrainConfig().device, "auto (a GPU where there is one), cpu, cuda or cuda:N");
DEFINE_string(
    precision, sid::TrainConfig().precision,
    "of products: fp32, tf32 (GPUs) or bf16 (GPUs, CPUs with AVX512-BF16 or AMX); weights and beliefs stay float32");
DEFINE_bool(capture, sid::TrainConfig().capture,
            "on a GPU: capture the training step as a CUDA graph, once, and replay it");
DEFINE_int64(threads, sid::TrainConfig().threads, "of the CPU; 0 for all cores");
DEFINE_bool(deterministic, sid::TrainConfig().deterministic,
            "same bits on a GPU too, a little slower; the CPU's are always the same");
DEFINE_int64(
    probe_every, sid::TrainConfig().probe_every,
    "steps between two looks at the theory's quantities on a fixed validation batch, which go to metrics.jsonl "
    "and TensorBoard, and are told where they show a known failure; 0 for none");
DEFINE_string(
    out, sid::TrainConfig().out,
    "a new folder for config.json, metrics.jsonl, summary.json, weights.safetensors and TensorBoard's events");
DEFINE_int64(checkpoint_every, sid::TrainConfig().checkpoint_every,
             "steps between two checkpoints in --out; 0 for one at the end of each epoch");
DEFINE_int64(keep_checkpoints, sid::TrainConfig().keep_checkpoints, "how many of the last checkpoints are kept");
DEFINE_bool(resume, sid::TrainConfig().resume,
            "go on from the newest whole checkpoint in --out, or begin where there is none yet");
DEFINE_string(
    on_nan, sid::TrainConfig().on_nan,
    "where a number explodes: stop, or rollback to the last checkpoint with half the learning rate, at most 3 "
    "times");

namespace sid {
namespace {

const ProgramFlags& Program() {
  static const auto* const kProgram = new ProgramFlags{
      "Trains a network by Synergistic Information Distillation, or by backpropagation, and shows the accuracy of "
      "every depth.\n\n"
      "Usage: ./tools/bazel run //:train -- --learner=sid --dataset=cifar100 --data_dir=DIR --depth=8 --epochs=10 "
      "--out=DIR",
      {{"Network and learner", {"learner", "depth", "hidden", "features", "initialisation", "belief_update"}},
       {"SID's update",
        {"alpha", "divergence", "smoothing", "executor", "chunk", "feature_mode", "extractor_gradient"}},
       {"Data", {"dataset", "data_dir", "train_images", "label_noise", "validation_fraction", "augmentation"}},
       {"Optimizer",
        {"epochs", "batch_size", "optimizer", "lr", "schedule", "warmup_epochs", "weight_decay", "momentum",
         "clip_norm"}},
       {"Run", {"seed", "device", "precision", "capture", "threads", "deterministic", "probe_every"}},
       {"What is kept", {"out", "checkpoint_every", "keep_checkpoints", "resume", "on_nan"}}}};
  return *kProgram;
}

}  // namespace

absl::StatusOr<TrainConfig> ConfigFromFlags(int argc, const char* const* argv, std::string* help) {
  SID_RETURN_IF_ERROR(ParseFlags(argc, argv, Program(), help));
  return TrainConfig{.learner = FLAGS_learner,
                     .dataset = FLAGS_dataset,
                     .data_dir = CallersPath(FLAGS_data_dir),
                     .depth = FLAGS_depth,
                     .hidden = FLAGS_hidden,
                     .features = FLAGS_features,
                     .initialisation = FLAGS_initialisation,
                     .belief_update = FLAGS_belief_update,
                     .alpha = FLAGS_alpha,
                     .divergence = FLAGS_divergence,
                     .smoothing = FLAGS_smoothing,
                     .executor = FLAGS_executor,
                     .chunk = FLAGS_chunk,
                     .feature_mode = FLAGS_feature_mode,
                     .extractor_gradient = FLAGS_extractor_gradient,
                     .train_images = FLAGS_train_images,
                     .label_noise = FLAGS_label_noise,
                     .validation_fraction = FLAGS_validation_fraction,
                     .augmentation = FLAGS_augmentation,
                     .epochs = FLAGS_epochs,
                     .batch_size = FLAGS_batch_size,
                     .optimizer = FLAGS_optimizer,
                     .learning_rate = FLAGS_lr,
                     .schedule = FLAGS_schedule,
                     .warmup_epochs = FLAGS_warmup_epochs,
                     .weight_decay = FLAGS_weight_decay,
                     .momentum = FLAGS_momentum,
                     .clip_norm = FLAGS_clip_norm,
                     .seed = FLAGS_seed,
                     .device = FLAGS_device,
                     .precision = FLAGS_precision,
                     .capture = FLAGS_capture,
                     .threads = FLAGS_threads,
                     .deterministic = FLAGS_deterministic,
                     .probe_every = FLAGS_probe_every,
                     .out = CallersPath(FLAGS_out),
                     .checkpoint_every = FLAGS_checkpoint_every,
                     .keep_checkpoints = FLAGS_keep_checkpoints,
                     .resume = FLAGS_resume,
                     .on_nan = FLAGS_on_nan};
}

}  // namespace sid
