#include "reproducibility/experiments/settings.h"

#include <cstdint>
#include <string>
#include <utility>

#include "base/status.h"
#include "base/text.h"
#include "sid/network/initialisation.h"

namespace sid {
namespace {

// A modern recipe, the same for every learner; its length is the scale's.
TrainConfig Base(const std::string& dataset, int64_t depth) {
  TrainConfig config{.dataset = dataset, .depth = depth};
  config.batch_size = 128;
  config.learning_rate = 1e-3;
  config.validation_fraction = 0.1;
  return config;
}

using Settings = std::vector<TrainConfig>;

// Each of them with each of the values.
template <typename T>
Settings Each(const Settings& settings, T TrainConfig::*member, const std::vector<T>& values) {
  Settings all;
  for (const TrainConfig& setting : settings) {
    for (const T& value : values) {
      all.push_back(setting);
      all.back().*member = value;
    }
  }
  return all;
}

Settings EachLearner(const Settings& settings, const std::vector<std::string>& learners) {
  return Each(settings, &TrainConfig::learner, learners);
}

Settings EachDepth(const std::string& dataset, const std::vector<int64_t>& depths) {
  return Each({Base(dataset, 0)}, &TrainConfig::depth, depths);
}

const std::vector<std::string>& Baselines() {
  static const auto* const kLearners = new std::vector<std::string>{"sid", "bp-chain", "bp-deep", "bp-head"};
  return *kLearners;
}

Settings Accuracy() {
  return EachLearner({Base("cifar10", 5), Base("cifar100", 8), Base("tiny-imagenet", 8)}, Baselines());
}

// As the authors' code trains, as near as options come: the claim's row says what is left. There are no images to choose by.
Settings AuthorsRecipe() {
  TrainConfig config = Base("cifar100", 8);
  config.initialisation = "pytorch";
  config.batch_size = 256;
  config.schedule = "constant";
  config.warmup_epochs = 0;
  config.validation_fraction = 0;
  return EachLearner({config}, {"sid", "bp-chain"});
}

Settings Depth() { return EachLearner(EachDepth("cifar100", {4, 8, 16, 32, 64}), {"sid", "bp-chain", "bp-deep"}); }

Settings Alpha() {
  return Each({Base("cifar100", 8)}, &TrainConfig::alpha, {"0.1", "0.3", "0.5", "0.7", "0.9", "1", "1:0.1", "0.1:1"});
}

Settings Initialisations() {
  return Each(EachDepth("cifar100", {8, 32}), &TrainConfig::initialisation, InitialisationNames());
}

Settings LabelNoise() {
  Settings settings = EachLearner(Each({Base("cifar10", 5)}, &TrainConfig::label_noise, {0.0, 0.2, 0.4}), Baselines());
  for (TrainConfig& setting : settings) setting.noisy_validation = setting.label_noise > 0;
  return settings;
}

// Crossed: either kind of module can begin by passing on what it is given, or like any other.
Settings BeliefUpdates() {
  const Settings settings = Each(EachDepth("cifar100", {8, 16}), &TrainConfig::initialisation, {"kaiming", "identity"});
  return Each(settings, &TrainConfig::belief_update, {"replace", "residual"});
}

Settings VeryDeep() { return EachDepth("cifar100", {8, 128, 256, 512, 1024}); }

// The last one is backpropagation's extractor, trained by the same depths' losses.
Settings ExtractorGradients() {
  Settings settings = Each({Base("cifar100", 8)}, &TrainConfig::extractor_gradient, {"sum", "mean", "pcgrad", "none"});
  settings.push_back(Base("cifar100", 8));
  settings.back().learner = "bp-deep";
  return settings;
}

Settings Divergences() {
  Settings settings = Each({Base("cifar10", 5)}, &TrainConfig::smoothing, {0.0, 0.1});
  for (TrainConfig reverse : Each({Base("cifar10", 5)}, &TrainConfig::smoothing, {0.01, 0.1})) {
    reverse.divergence = "reverse";
    settings.push_back(reverse);
  }
  return settings;
}

// From the recipe's rate to a hundred times that. The probe says how far a step moves the teachers.
Settings LearningRates() {
  TrainConfig config = Base("cifar100", 8);
  config.probe_every = 50;
  return Each({config}, &TrainConfig::learning_rate, {1e-3, 1e-2, 3e-2, 1e-1});
}

// What reviewers call a strong recipe, but for their network: crops, flips and cosine decay are every experiment's.
Settings SgdRecipe() {
  TrainConfig config = Base("cifar10", 5);
  config.optimizer = "sgd";
  config.momentum = 0.9;
  config.weight_decay = 5e-4;
  config.learning_rate = 0.03;
  return EachLearner({config}, Baselines());
}

// ResNet-9 of width 16, its blocks shared out among modules or all of one.
TrainConfig ResNet9(const char* learner, const char* head, const char* alpha, int64_t modules) {
  TrainConfig config = Base("cifar100", modules);
  config.network = "resnet9";
  config.width = 16;
  config.hidden = 128;
  config.initialisation = "pytorch";
  config.partition = modules > 1 ? "even" : "shared";
  config.learner = learner;
  config.head = head;
  config.alpha = alpha;
  config.belief_input = config.learner == "sid";
  return config;
}

// Modules that own blocks of a residual network, K = 2 and 4, beside backpropagation through all of them with two heads: by head, and
// by how much a module follows the one before it.
Settings Blocks() {
  Settings settings{ResNet9("bp", "linear", "0.5", 1), ResNet9("bp", "conv", "0.5", 1)};
  for (const int64_t modules : {2, 4}) {
    settings.push_back(ResNet9("bp-deep", "conv", "0.5", modules));
    settings.push_back(ResNet9("dgl", "mlp", "0.5", modules));
    settings.push_back(ResNet9("dgl", "conv", "0.5", modules));
    settings.push_back(ResNet9("sid", "conv", "0.9", modules));
    settings.push_back(ResNet9("sid", "conv", "0.5", modules));
  }
  return settings;
}

// The same, where a module's last block is trained by the next module's loss too. Up to as many modules as there are blocks.
Settings Overlaps() {
  Settings settings{ResNet9("bp", "linear", "0.5", 1), ResNet9("bp", "conv", "0.5", 1)};
  for (const int64_t modules : {2, 4, 6}) {
    for (const bool overlap : {false, true}) {
      settings.push_back(ResNet9("sid", "conv", "0.9", modules));
      settings.back().overlap = overlap;
    }
  }
  return settings;
}

// On a network of blocks: SID with two modules, or a learner of all blocks and a linear head.
TrainConfig OnBlocks(const std::string& network, int64_t width, const std::string& learner) {
  const bool local = learner == "sid";
  TrainConfig config = Base("cifar10", local ? 2 : 1);
  config.learner = learner;
  config.network = network;
  config.width = width;
  config.hidden = 128;
  config.initialisation = "pytorch";
  config.partition = local ? "even" : "shared";
  config.head = local ? "mlp" : "linear";
  config.alpha = local ? "0.9" : "0.5";
  config.belief_input = local;
  return config;
}

// Networks without skip connections, with them, and with attention: SID beside backpropagation on each.
Settings Architectures() {
  Settings settings;
  const std::pair<const char*, int64_t> networks[] = {{"vgg11", 16}, {"resnet18", 16}, {"vit-tiny", 64}};
  for (const auto& [network, width] : networks) {
    for (const char* learner : {"bp", "sid"}) settings.push_back(OnBlocks(network, width, learner));
  }
  return settings;
}

// SID, backpropagation, and those that users would take instead, on the same blocks and batches. SID and noprop have the paper's
// perceptrons, which are given a belief or a noised label; the others a linear layer, as their papers do. Initial weights are PyTorch's:
// feedback alignment has to turn them, and kaiming's are 2.4 times as large.
Settings PeersOn(const std::string& network) {
  TrainConfig config = Base("cifar10", network == "mlp" ? 3 : 5);
  config.network = network;
  config.initialisation = "pytorch";
  Settings settings =
      EachLearner({config}, {"bp", "bp-deep", "sid", "dgl", "fa", "dfa", "sigprop", "ff", "noprop", "hsic", "dni"});
  for (TrainConfig& setting : settings) {
    const std::string& learner = setting.learner;
    if (learner != "sid" && learner != "noprop") setting.head = "linear";
    if (learner == "bp-deep" || learner == "dgl") setting.partition = "even";
  }
  return settings;
}
// PETRA needs a reversible network, where SID and backpropagation stand beside it.
Settings Peers() {
  Settings settings = PeersOn("simple-cnn");
  for (const char* learner : {"bp", "sid", "petra"}) settings.push_back(OnBlocks("revnet18", 16, learner));
  return settings;
}
Settings PeersOnMlp() { return PeersOn("mlp"); }

struct Experiment {
  std::string name;
  Settings (*settings)();
};

const std::vector<Experiment>& Experiments() {
  static const auto* const kExperiments = new std::vector<Experiment>{{"accuracy", Accuracy},
                                                                      {"authors-recipe", AuthorsRecipe},
                                                                      {"depth", Depth},
                                                                      {"alpha", Alpha},
                                                                      {"initialisation", Initialisations},
                                                                      {"label-noise", LabelNoise},
                                                                      {"belief-update", BeliefUpdates},
                                                                      {"very-deep", VeryDeep},
                                                                      {"extractor-gradient", ExtractorGradients},
                                                                      {"divergence", Divergences},
                                                                      {"learning-rate", LearningRates},
                                                                      {"sgd-recipe", SgdRecipe},
                                                                      {"blocks", Blocks},
                                                                      {"overlap", Overlaps},
                                                                      {"architectures", Architectures},
                                                                      {"peers", Peers},
                                                                      {"peers-mlp", PeersOnMlp}};
  return *kExperiments;
}

struct Images {
  double train = 50000, test = 10000;
  double times_cifar = 1;  // an image's time in CIFAR images, by pixels and channels of the first layer's output
};

// CIFAR's sizes stand for those of the sets that are about as large.
Images ImagesOf(const std::string& dataset) {
  if (dataset == "tiny-imagenet") return {.train = 100000, .times_cifar = 4};
  if (dataset == "mnist-mini") return {.train = 8500, .test = 1500, .times_cifar = 0.5};
  return {};
}

}  // namespace

std::vector<std::string> ExperimentNames() {
  std::vector<std::string> names;
  for (const Experiment& experiment : Experiments()) names.push_back(experiment.name);
  return names;
}

absl::StatusOr<std::vector<TrainConfig>> SettingsOf(const std::string& experiment, const Size& size) {
  SID_ASSIGN_OR_RETURN(const size_t index, FindName("experiment", experiment, ExperimentNames()));
  const std::vector<TrainConfig> own = Experiments()[index].settings();
  std::vector<TrainConfig> settings;
  for (TrainConfig setting : own) {
    if (!size.dataset.empty() && setting.dataset != own.front().dataset) continue;
    if (!size.dataset.empty()) setting.dataset = size.dataset;
    if (size.batch_size > 0) setting.batch_size = size.batch_size;
    setting.train_images = size.train_images;
    setting.epochs = size.epochs;
    setting.data_dir = size.data_dir;
    setting.precision = size.precision;
    setting.device = size.device;
    setting.threads = size.threads;
    settings.push_back(setting);
  }
  return settings;
}

std::vector<double> LearningRatesOf(const TrainConfig& setting) {
  return setting.optimizer == "sgd" ? std::vector{1e-2, 3e-2, 1e-1} : std::vector{3e-4, 1e-3, 3e-3};
}

double EstimatedMinutes(const TrainConfig& run, double images_per_second) {
  const Images size = ImagesOf(run.dataset);
  const auto epochs = static_cast<double>(run.epochs);
  const double images = run.train_images == 0 ? size.train : static_cast<double>(run.train_images);
  // Without a backward pass an image takes a third; the test set is looked at twice, by the trainer and for the theory.
  const double validated = run.validation_fraction;
  const double evaluated = epochs * images * validated + 2 * size.test;
  const double times = size.times_cifar * (run.network == TrainConfig().network ? 1 : 2);
  const double passes = times * (epochs * images * (1 - validated) + evaluated / 3);
  return passes * (1 + static_cast<double>(run.depth) / 400) / (60 * images_per_second);
}

}  // namespace sid
