#include "reproducibility/experiments/settings.h"

#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "base/text.h"
#include "reproducibility/experiments/results.h"
#include "third_party/logging/logging.h"
#include "train/fields.h"

namespace sid {
namespace {

using nlohmann::ordered_json;

// Each experiment: what it asks, what all its settings have, and what some of them have besides. A list multiplies: its values are
// settings of their own. All have a modern recipe, the same for every learner, whose length is the scale's.
constexpr char kExperiments[] = R"({
  "accuracy": ["sid and the three baselines on three data sets",
    {"learner": ["sid", "bp-chain", "bp-deep", "bp-head"]},
    {"dataset": "cifar10", "depth": 5},
    {"dataset": ["cifar100", "tiny-imagenet"], "depth": 8}],
  "authors-recipe": ["as the authors' code trains, as near as options come; there are no images to choose by",
    {"dataset": "cifar100", "depth": 8, "initialisation": "pytorch", "batch_size": 256, "schedule": "constant",
     "warmup_epochs": 0, "validation_fraction": 0, "learner": ["sid", "bp-chain"]}],
  "depth": ["from few modules to many",
    {"dataset": "cifar100", "depth": [4, 8, 16, 32, 64], "learner": ["sid", "bp-chain", "bp-deep"]}],
  "alpha": ["constant, falling from the first module to the last, rising",
    {"dataset": "cifar100", "depth": 8, "alpha": ["0.1", "0.3", "0.5", "0.7", "0.9", "1", "1:0.1", "0.1:1"]}],
  "initialisation": ["every scheme",
    {"dataset": "cifar100", "depth": [8, 32], "initialisation": ["pytorch", "kaiming", "xavier", "lsuv", "identity"]}],
  "label-noise": ["wrong labels, among those that rate and epoch are chosen by too",
    {"dataset": "cifar10", "depth": 5, "learner": ["sid", "bp-chain", "bp-deep", "bp-head"]},
    {"label_noise": 0},
    {"label_noise": [0.2, 0.4], "noisy_validation": true}],
  "belief-update": ["crossed: either kind of module can begin by passing on what it is given, or like any other",
    {"dataset": "cifar100", "depth": [8, 16], "initialisation": ["kaiming", "identity"],
     "belief_update": ["replace", "residual"]}],
  "very-deep": ["far more modules than the paper has",
    {"dataset": "cifar100", "depth": [8, 128, 256, 512, 1024]}],
  "extractor-gradient": ["the last is backpropagation's extractor, trained by the same depths' losses",
    {"dataset": "cifar100", "depth": 8},
    {"extractor_gradient": ["sum", "mean", "pcgrad", "none"]},
    {"learner": "bp-deep"}],
  "divergence": ["forward, and reverse with two smoothings",
    {"dataset": "cifar10", "depth": 5},
    {"smoothing": [0, 0.1]},
    {"divergence": "reverse", "smoothing": [0.01, 0.1]}],
  "learning-rate": ["from the recipe's rate to a hundred times that; the probe says how far a step moves the teachers",
    {"dataset": "cifar100", "depth": 8, "probe_every": 50, "lr": [0.001, 0.01, 0.03, 0.1]}],
  "sgd-recipe": ["what reviewers call a strong recipe: crops, flips and cosine decay are every experiment's",
    {"dataset": "cifar10", "depth": 5, "optimizer": "sgd", "momentum": 0.9, "weight_decay": 5e-4, "lr": 0.03,
     "learner": ["sid", "bp-chain", "bp-deep", "bp-head"]}],
  "blocks": ["modules that own blocks of ResNet-9, beside backpropagation through all of them: by head and alpha",
    {"dataset": "cifar100", "network": "resnet9", "width": 16, "hidden": 128, "initialisation": "pytorch",
     "belief_input": false},
    {"learner": "bp", "depth": 1, "head": ["linear", "conv"]},
    {"learner": "bp-deep", "depth": [2, 4], "partition": "even", "head": "conv"},
    {"learner": "dgl", "depth": [2, 4], "partition": "even", "head": ["mlp", "conv"]},
    {"learner": "sid", "depth": [2, 4], "partition": "even", "head": "conv", "belief_input": true, "alpha": ["0.9", "0.5"]}],
  "overlap": ["a module's last block is trained by the next one's loss too; up to as many modules as there are blocks",
    {"dataset": "cifar100", "network": "resnet9", "width": 16, "hidden": 128, "initialisation": "pytorch"},
    {"learner": "bp", "depth": 1, "head": ["linear", "conv"], "belief_input": false},
    {"depth": [2, 4, 6], "partition": "even", "head": "conv", "alpha": "0.9", "overlap": [false, true]}],
  "architectures": ["networks without skip connections, with them, and with attention",
    {"dataset": "cifar10", "hidden": 128, "initialisation": "pytorch"},
    {"network": ["vgg11", "resnet18"], "width": 16, "learner": "bp", "depth": 1, "head": "linear", "belief_input": false},
    {"network": ["vgg11", "resnet18"], "width": 16, "depth": 2, "partition": "even", "alpha": "0.9"},
    {"network": "vit-tiny", "width": 64, "learner": "bp", "depth": 1, "head": "linear", "belief_input": false},
    {"network": "vit-tiny", "width": 64, "depth": 2, "partition": "even", "alpha": "0.9"}],
  "peers": ["what users would take instead, with the heads of their papers; feedback alignment has to turn initial weights, and petra needs a reversible network",
    {"dataset": "cifar10", "depth": 5, "initialisation": "pytorch"},
    {"learner": ["sid", "noprop"]},
    {"learner": ["bp-deep", "dgl"], "head": "linear", "partition": "even"},
    {"learner": ["bp", "fa", "dfa", "sigprop", "ff", "hsic", "dni"], "head": "linear"},
    {"network": "revnet18", "width": 16, "hidden": 128, "depth": 2, "partition": "even", "alpha": "0.9"},
    {"network": "revnet18", "width": 16, "hidden": 128, "depth": 1, "learner": ["bp", "petra"], "head": "linear",
     "belief_input": false}],
  "peers-mlp": ["the same on a network without convolutions",
    {"dataset": "cifar10", "depth": 3, "initialisation": "pytorch", "network": "mlp"},
    {"learner": ["sid", "noprop"]},
    {"learner": ["bp-deep", "dgl"], "head": "linear", "partition": "even"},
    {"learner": ["bp", "fa", "dfa", "sigprop", "ff", "hsic", "dni"], "head": "linear"}]
})";

const ordered_json& Experiments() {
  static const auto* const kParsed = new ordered_json(ordered_json::parse(kExperiments));
  return *kParsed;
}

TrainConfig WithOptions(const ordered_json& options) {
  TrainConfig config{.epochs = 50, .batch_size = 128, .learning_rate = 1e-3};
  size_t used = 0;
  VisitFields(config, [&](auto& value, const Field& field) {
    const auto found = options.find(field.name);
    if (found == options.end()) return;
    found->get_to(value);
    ++used;
  });
  CHECK_EQ(used, options.size()) << "an experiment has an option that there is not: " << options;
  return config;
}

// The settings of options of which some are lists.
void Multiply(const ordered_json& options, std::vector<TrainConfig>* settings) {
  for (const auto& [name, values] : options.items()) {
    if (!values.is_array()) continue;
    for (const ordered_json& value : values) {
      ordered_json one = options;
      one[name] = value;
      Multiply(one, settings);
    }
    return;
  }
  settings->push_back(WithOptions(options));
}

std::vector<TrainConfig> OwnSettings(const ordered_json& experiment) {
  std::vector<TrainConfig> settings;
  for (size_t i = 2; i < experiment.size(); ++i) {
    ordered_json options = experiment[1];
    options.update(experiment[i]);
    Multiply(options, &settings);
  }
  if (settings.empty()) Multiply(experiment[1], &settings);
  return settings;
}

}  // namespace

std::string TitleOf(const TrainConfig& config) {
  const ordered_json own = ResultSettings(config), plain = ResultSettings(TrainConfig());
  const std::string network = config.network == TrainConfig().network ? "" : " on " + config.network;
  std::string title = absl::StrCat(config.learner, network, " L=", config.depth, " seed ", config.seed);
  const std::set<std::string> left_out = {"learner",      "network", "depth",      "seed",      "dataset",
                                          "train_images", "epochs",  "batch_size", "precision", "lr"};
  for (const auto& [name, value] : own.items()) {
    if (value == plain.value(name, ordered_json()) || left_out.count(name) > 0) continue;
    absl::StrAppend(&title, " ", name, "=", value.is_string() ? value.get<std::string>() : value.dump());
  }
  return title;
}

std::vector<std::string> ExperimentNames() {
  std::vector<std::string> names;
  for (const auto& [name, experiment] : Experiments().items()) names.push_back(name);
  return names;
}

absl::StatusOr<std::vector<TrainConfig>> SettingsOf(const std::string& experiment, const Size& size) {
  SID_RETURN_IF_ERROR(FindName("experiment", experiment, ExperimentNames()).status());
  const std::vector<TrainConfig> own = OwnSettings(Experiments().at(experiment));
  std::vector<TrainConfig> settings;
  for (TrainConfig setting : own) {
    if (!size.dataset.empty() && setting.dataset != own.front().dataset) continue;
    if (!size.dataset.empty()) setting.dataset = size.dataset;
    if (size.batch_size > 0) setting.batch_size = size.batch_size;
    setting.train_images = size.train_images;
    if (size.epochs > 0) setting.epochs = size.epochs;
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

}  // namespace sid
