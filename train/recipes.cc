#include "train/recipes.h"

#include "base/status.h"
#include "base/text.h"

namespace sid {
namespace {

constexpr double kCoupledDecay = 5e-4, kMomentum = 0.9;

TrainConfig Sgd(const std::string& schedule, int64_t epochs, double learning_rate) {
  TrainConfig config{.augmentation = "crop-flip", .epochs = epochs, .batch_size = 128, .optimizer = "sgd"};
  config.initialisation = "pytorch";
  config.learning_rate = learning_rate;
  config.schedule = schedule;
  config.warmup_epochs = 0;
  config.momentum = kMomentum;
  config.weight_decay = kCoupledDecay / (1 - kMomentum);
  return config;
}

TrainConfig Paper() {
  TrainConfig config{.epochs = 100, .batch_size = 256};
  config.learning_rate = 1e-3;
  config.schedule = "constant";
  config.warmup_epochs = 0;
  return config;
}

TrainConfig ResNet9() {
  TrainConfig config = Sgd("one-cycle", 24, 0.4);
  config.network = "resnet9";
  config.head = "linear";
  config.augmentation = "crop-flip-cutout";
  config.batch_size = 512;
  config.warmup_epochs = 5;
  config.smoothing = 0.1;
  config.feature_scale = 0.125;
  return config;
}

TrainConfig ResNet18() {
  TrainConfig config = Sgd("cosine", 200, 0.1);
  config.network = "resnet18";
  config.head = "linear";
  return config;
}

}  // namespace

std::vector<std::string> RecipeNames() { return {"none", "paper", "sgd", "resnet9", "resnet18"}; }

absl::StatusOr<TrainConfig> RecipeConfig(const std::string& name) {
  SID_RETURN_IF_ERROR(FindName("--recipe", name, RecipeNames()).status());
  TrainConfig config;
  if (name == "paper") config = Paper();
  if (name == "sgd") config = Sgd("step", 100, 0.1);
  if (name == "resnet9") config = ResNet9();
  if (name == "resnet18") config = ResNet18();
  config.recipe = name;
  return config;
}

}  // namespace sid
