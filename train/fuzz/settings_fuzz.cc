// Values of //:train's flags, an argument a line: their ranges, and every name and list that they may hold.

#include <gflags/gflags.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "base/fuzzing/input.h"
#include "base/machine/device.h"
#include "base/machine/precision.h"
#include "data/batches/augmentation.h"
#include "sid/belief/divergence.h"
#include "sid/learner/sid_learner.h"
#include "sid/network/initialisation.h"
#include "sid/optimizer/optimizer.h"
#include "sid/optimizer/schedule.h"
#include "sid/training/trainer.h"
#include "sid/update/options.h"
#include "third_party/logging/logging.h"
#include "train/config.h"
#include "train/flags.h"

namespace {

void ParseNames(const sid::TrainConfig& config) {
  sid::CheckIsOneLine(sid::ParseInitialisation(config.initialisation).status());
  sid::CheckIsOneLine(sid::ParseBeliefUpdate(config.belief_update).status());
  sid::CheckIsOneLine(sid::ParseDivergence(config.divergence).status());
  sid::CheckIsOneLine(sid::ParseExecutor(config.executor).status());
  sid::CheckIsOneLine(sid::ParseFeatureMode(config.feature_mode).status());
  sid::CheckIsOneLine(sid::ParseExtractorGradient(config.extractor_gradient).status());
  sid::CheckIsOneLine(sid::ParseOptimizer(config.optimizer).status());
  sid::CheckIsOneLine(sid::ParseSchedule(config.schedule).status());
  sid::CheckIsOneLine(sid::ParseOnNan(config.on_nan).status());
  sid::CheckIsOneLine(sid::ParsePrecision(config.precision, at::kCPU).status());
  sid::CheckIsOneLine(sid::ParseDevice(config.device).status());
  // An image that is larger than the padding, whatever its size.
  const int64_t side = config.batch_size % 40;
  const auto augmentation = sid::ParseAugmentation(config.augmentation, side, side + 1);
  sid::CheckIsOneLine(augmentation.status());
  if (augmentation.ok() && augmentation->crop_padding > 0) CHECK_LT(augmentation->crop_padding, side);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const gflags::FlagSaver defaults_again;
  const std::string text(reinterpret_cast<const char*>(data), size);
  // As a shell hands them over: without zero bytes.
  const std::vector<std::string> arguments = absl::StrSplit(text.substr(0, text.find('\0')), '\n');
  std::vector<const char*> argv = {"train"};
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  std::string help;
  const auto config = sid::ConfigFromFlags(static_cast<int>(argv.size()), argv.data(), &help);
  sid::CheckIsOneLine(config.status());
  if (!config.ok()) return 0;
  const absl::Status valid = sid::Validate(*config);
  sid::CheckIsOneLine(valid);
  if (!valid.ok()) return 0;
  ParseNames(*config);
  const auto alphas = sid::ParseAlphas(config->alpha, config->depth);
  sid::CheckIsOneLine(alphas.status());
  if (!alphas.ok()) return 0;
  CHECK_EQ(static_cast<int64_t>(alphas->size()), config->depth);
  for (const double alpha : *alphas) CHECK(alpha > 0 && alpha <= 1) << alpha;
  return 0;
}
