// Values of //:train's flags, an argument a line: their ranges, and every name and list that they may hold.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "base/fuzzing/input.h"
#include "base/machine/device.h"
#include "data/batches/augmentation.h"
#include "third_party/logging/logging.h"
#include "train/config.h"
#include "train/fields.h"

namespace {

// A line without a dash: its first byte stands for a field, and, where that has names, a second and last one for a name.
std::string Argument(const std::string& line) {
  if (line.empty() || line[0] == '-') return line;
  std::vector<sid::Field> fields;
  const sid::TrainConfig defaults;
  VisitFields(defaults, [&](const auto&, const sid::Field& field) { fields.push_back(field); });
  const sid::Field& field = fields[static_cast<unsigned char>(line[0]) % fields.size()];
  const auto* const names = std::get_if<sid::Names>(&field.allowed);
  const bool named = names != nullptr && line.size() == 2;
  const std::string value = named ? (*names)[static_cast<unsigned char>(line[1]) % names->size()] : line.substr(1);
  return absl::StrCat("--", field.name, "=", value);
}

// What depends on more than the value.
void ParseTheRest(const sid::TrainConfig& config) {
  sid::CheckIsOneLine(sid::ParsePrecision(config.precision, at::kCPU).status());
  sid::CheckIsOneLine(sid::ParseDevice(config.device).status());
  // An image that is larger than the padding, whatever its size.
  const int64_t side = config.batch_size % 40;
  const auto augmentation = sid::ParseAugmentation(config.augmentation, side, side + 1);
  sid::CheckIsOneLine(augmentation.status());
  if (augmentation.ok() && augmentation->crop_padding > 0) CHECK_LT(augmentation->crop_padding, side);
  const auto alphas = sid::ParseAlphas(config.alpha, config.depth);
  sid::CheckIsOneLine(alphas.status());
  if (!alphas.ok()) return;
  CHECK_EQ(static_cast<int64_t>(alphas->size()), config.depth);
  for (const double alpha : *alphas) CHECK(alpha > 0 && alpha <= 1) << alpha;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  // As a shell hands them over: without zero bytes.
  std::vector<std::string> arguments = absl::StrSplit(text.substr(0, text.find('\0')), '\n');
  std::vector<const char*> argv = {"train"};
  for (std::string& argument : arguments) argv.push_back((argument = Argument(argument)).c_str());
  std::string help;
  const auto config = sid::ConfigFromFlags(static_cast<int>(argv.size()), argv.data(), &help);
  sid::CheckIsOneLine(config.status());
  if (!config.ok()) return 0;
  const absl::Status valid = sid::Validate(*config);
  sid::CheckIsOneLine(valid);
  if (valid.ok()) ParseTheRest(*config);
  return 0;
}
