#include "reproducibility/experiments/settings.h"

#include <cstdint>
#include <string>
#include <utility>

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

constexpr const char* kLearners[] = {"sid", "bp-chain", "bp-deep", "bp-head"};

std::vector<TrainConfig> Accuracy() {
  std::vector<TrainConfig> settings;
  const std::pair<const char*, int64_t> problems[] = {{"cifar10", 5}, {"cifar100", 8}, {"tiny-imagenet", 8}};
  for (const auto& [dataset, depth] : problems) {
    for (const char* learner : kLearners) {
      settings.push_back(Base(dataset, depth));
      settings.back().learner = learner;
    }
  }
  return settings;
}

// As the authors' code trains, as near as options come: the claim's row says what is left. There are no images to choose by.
std::vector<TrainConfig> AuthorsRecipe() {
  std::vector<TrainConfig> settings;
  for (const char* learner : {"sid", "bp-chain"}) {
    settings.push_back(Base("cifar100", 8));
    settings.back().learner = learner;
    settings.back().initialisation = "pytorch";
    settings.back().batch_size = 256;
    settings.back().schedule = "constant";
    settings.back().warmup_epochs = 0;
    settings.back().validation_fraction = 0;
  }
  return settings;
}

std::vector<TrainConfig> Depth() {
  std::vector<TrainConfig> settings;
  for (const int64_t depth : {4, 8, 16, 32, 64}) {
    for (const char* learner : {"sid", "bp-chain", "bp-deep"}) {
      settings.push_back(Base("cifar100", depth));
      settings.back().learner = learner;
    }
  }
  return settings;
}

std::vector<TrainConfig> Alpha() {
  std::vector<TrainConfig> settings;
  for (const char* alpha : {"0.1", "0.3", "0.5", "0.7", "0.9", "1", "1:0.1", "0.1:1"}) {
    settings.push_back(Base("cifar100", 8));
    settings.back().alpha = alpha;
  }
  return settings;
}

std::vector<TrainConfig> Initialisations() {
  std::vector<TrainConfig> settings;
  for (const int64_t depth : {8, 32}) {
    for (const std::string& scheme : InitialisationNames()) {
      settings.push_back(Base("cifar100", depth));
      settings.back().initialisation = scheme;
    }
  }
  return settings;
}

std::vector<TrainConfig> LabelNoise() {
  std::vector<TrainConfig> settings;
  for (const double noise : {0.0, 0.2, 0.4}) {
    for (const char* learner : kLearners) {
      settings.push_back(Base("cifar10", 5));
      settings.back().learner = learner;
      settings.back().label_noise = noise;
      settings.back().noisy_validation = noise > 0;
    }
  }
  return settings;
}

// Crossed: either kind of module can begin by passing on what it is given, or like any other.
std::vector<TrainConfig> BeliefUpdates() {
  std::vector<TrainConfig> settings;
  const std::pair<const char*, const char*> variants[] = {
      {"replace", "kaiming"}, {"residual", "kaiming"}, {"replace", "identity"}, {"residual", "identity"}};
  for (const int64_t depth : {8, 16}) {
    for (const auto& [update, initialisation] : variants) {
      settings.push_back(Base("cifar100", depth));
      settings.back().belief_update = update;
      settings.back().initialisation = initialisation;
    }
  }
  return settings;
}

std::vector<TrainConfig> VeryDeep() {
  std::vector<TrainConfig> settings;
  for (const int64_t depth : {8, 128, 256, 512, 1024}) settings.push_back(Base("cifar100", depth));
  return settings;
}

// The last one is backpropagation's extractor, trained by the same depths' losses.
std::vector<TrainConfig> ExtractorGradients() {
  std::vector<TrainConfig> settings;
  for (const char* gradient : {"sum", "mean", "pcgrad", "none"}) {
    settings.push_back(Base("cifar100", 8));
    settings.back().extractor_gradient = gradient;
  }
  settings.push_back(Base("cifar100", 8));
  settings.back().learner = "bp-deep";
  return settings;
}

std::vector<TrainConfig> Divergences() {
  std::vector<TrainConfig> settings;
  const std::pair<const char*, double> targets[] = {
      {"forward", 0}, {"forward", 0.1}, {"reverse", 0.01}, {"reverse", 0.1}};
  for (const auto& [divergence, smoothing] : targets) {
    settings.push_back(Base("cifar10", 5));
    settings.back().divergence = divergence;
    settings.back().smoothing = smoothing;
  }
  return settings;
}

// From the recipe's rate to a hundred times that. The probe says how far a step moves the teachers.
std::vector<TrainConfig> LearningRates() {
  std::vector<TrainConfig> settings;
  for (const double learning_rate : {1e-3, 1e-2, 3e-2, 1e-1}) {
    settings.push_back(Base("cifar100", 8));
    settings.back().learning_rate = learning_rate;
    settings.back().probe_every = 50;
  }
  return settings;
}

// What reviewers call a strong recipe, but for their network: crops, flips and cosine decay are every experiment's.
std::vector<TrainConfig> SgdRecipe() {
  std::vector<TrainConfig> settings;
  for (const char* learner : kLearners) {
    settings.push_back(Base("cifar10", 5));
    settings.back().learner = learner;
    settings.back().optimizer = "sgd";
    settings.back().momentum = 0.9;
    settings.back().weight_decay = 5e-4;
    settings.back().learning_rate = 0.03;
  }
  return settings;
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
std::vector<TrainConfig> Blocks() {
  std::vector<TrainConfig> settings{ResNet9("bp", "linear", "0.5", 1), ResNet9("bp", "conv", "0.5", 1)};
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
std::vector<TrainConfig> Overlaps() {
  std::vector<TrainConfig> settings{ResNet9("bp", "linear", "0.5", 1), ResNet9("bp", "conv", "0.5", 1)};
  for (const int64_t modules : {2, 4, 6}) {
    for (const bool overlap : {false, true}) {
      settings.push_back(ResNet9("sid", "conv", "0.9", modules));
      settings.back().overlap = overlap;
    }
  }
  return settings;
}

// Networks without skip connections, with them, and with attention: SID with two modules beside backpropagation on each.
std::vector<TrainConfig> Architectures() {
  std::vector<TrainConfig> settings;
  const std::pair<const char*, int64_t> networks[] = {{"vgg11", 16}, {"resnet18", 16}, {"vit-tiny", 64}};
  for (const auto& [network, width] : networks) {
    for (const char* learner : {"bp", "sid"}) {
      const bool local = std::string(learner) == "sid";
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
      settings.push_back(config);
    }
  }
  return settings;
}

// SID, backpropagation, and those that users would take instead, on the same blocks and batches. SID and noprop have the paper's
// perceptrons, which are given a belief or a noised label; the others a linear layer, as their papers do. Initial weights are PyTorch's:
// feedback alignment has to turn them, and kaiming's are 2.4 times as large.
std::vector<TrainConfig> PeersOn(const std::string& network) {
  struct Variant {
    const char *learner, *partition = "shared", *head = "linear";
  };
  std::vector<TrainConfig> settings;
  for (const auto& [learner, partition, head] : {Variant{"bp"},
                                                 {"bp-deep", "even"},
                                                 {"sid", "shared", "mlp"},
                                                 {"dgl", "even"},
                                                 {"fa"},
                                                 {"dfa"},
                                                 {"sigprop"},
                                                 {"ff"},
                                                 {"noprop", "shared", "mlp"},
                                                 {"hsic"},
                                                 {"dni"}}) {
    TrainConfig config = Base("cifar10", network == "mlp" ? 3 : 5);
    config.learner = learner;
    config.network = network;
    config.partition = partition;
    config.head = head;
    config.initialisation = "pytorch";
    settings.push_back(config);
  }
  return settings;
}
std::vector<TrainConfig> Peers() { return PeersOn("simple-cnn"); }
std::vector<TrainConfig> PeersOnMlp() { return PeersOn("mlp"); }

}  // namespace

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

}  // namespace sid
