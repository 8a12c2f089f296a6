#include "train/config_json.h"

namespace sid {

nlohmann::ordered_json ToJson(const TrainConfig& config) {
  return {{"learner", config.learner},
          {"dataset", config.dataset},
          {"data_dir", config.data_dir},
          {"depth", config.depth},
          {"hidden", config.hidden},
          {"features", config.features},
          {"initialisation", config.initialisation},
          {"belief_update", config.belief_update},
          {"alpha", config.alpha},
          {"divergence", config.divergence},
          {"smoothing", config.smoothing},
          {"executor", config.executor},
          {"precision", config.precision},
          {"capture", config.capture},
          {"chunk", config.chunk},
          {"feature_mode", config.feature_mode},
          {"extractor_gradient", config.extractor_gradient},
          {"train_images", config.train_images},
          {"label_noise", config.label_noise},
          {"validation_fraction", config.validation_fraction},
          {"augmentation", config.augmentation},
          {"epochs", config.epochs},
          {"batch_size", config.batch_size},
          {"optimizer", config.optimizer},
          {"lr", config.learning_rate},
          {"schedule", config.schedule},
          {"warmup_epochs", config.warmup_epochs},
          {"weight_decay", config.weight_decay},
          {"momentum", config.momentum},
          {"clip_norm", config.clip_norm},
          {"seed", config.seed},
          {"device", config.device},
          {"threads", config.threads},
          {"deterministic", config.deterministic},
          {"probe_every", config.probe_every},
          {"checkpoint_every", config.checkpoint_every},
          {"keep_checkpoints", config.keep_checkpoints},
          {"on_nan", config.on_nan}};
}

}  // namespace sid
