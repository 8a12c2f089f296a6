#include "train/config.h"

#include <nlohmann/json.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "base/command_line/flags.h"
#include "base/status.h"
#include "base/text.h"
#include "train/fields.h"
#include "train/recipes.h"

namespace sid {
namespace {

constexpr char kUsage[] =
    "Trains a network by Synergistic Information Distillation, or by backpropagation, and shows the accuracy of every "
    "depth.\n\n"
    "Usage: ./tools/bazel run //:train -- --learner=sid --dataset=cifar100 --data_dir=DIR --depth=8 --epochs=10 "
    "--out=DIR";

struct Flags {
  TrainConfig config;  // what gflags sets
  ProgramFlags program{kUsage, {}};
};

std::string HelpOf(const Field& field) {
  if (!absl::EndsWith(field.help, ":")) return field.help;
  return absl::StrCat(field.help, " ", absl::StrJoin(std::get<Names>(field.allowed), ", "));
}

Flags* Register() {
  auto* const flags = new Flags;
  for (const char* topic : kTopics) flags->program.topics.push_back({topic, {}});
  VisitFields(flags->config, [&](auto& value, const Field& field) {
    flags->program.topics[static_cast<size_t>(field.topic)].Add(field.name, &value, HelpOf(field));
  });
  return flags;
}

absl::Status Check(const std::string& value, const Field& field) {
  const auto* const names = std::get_if<Names>(&field.allowed);
  return names == nullptr ? absl::OkStatus() : FindName(absl::StrCat("--", field.name), value, *names).status();
}

template <class Number>
absl::Status Check(Number value, const Field& field) {
  const auto* const range = std::get_if<Range>(&field.allowed);
  const auto number = static_cast<double>(value);
  if (range == nullptr || (number >= range->least && number <= range->most)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("--", field.name, "=", value, " is out of range: it must be ", range->text));
}

}  // namespace

absl::StatusOr<TrainConfig> ConfigFromFlags(int argc, const char* const* argv, std::string* help) {
  static Flags* const kFlags = Register();
  kFlags->config = {};
  SID_RETURN_IF_ERROR(ParseFlags(argc, argv, kFlags->program, help));
  // Flags come after the recipe that they change, wherever they stand: what was parsed once is parsed again on top of it.
  SID_ASSIGN_OR_RETURN(kFlags->config, RecipeConfig(kFlags->config.recipe));
  SID_RETURN_IF_ERROR(ParseFlags(argc, argv, kFlags->program, help));
  TrainConfig config = kFlags->config;
  for (std::string* path : {&config.data_dir, &config.out, &config.weights}) *path = CallersPath(*path);
  return config;
}

absl::Status Validate(const TrainConfig& config) {
  absl::Status first;
  VisitFields(config, [&](const auto& value, const Field& field) { first.Update(Check(value, field)); });
  SID_RETURN_IF_ERROR(first);
  if (config.epochs == 0 && (config.weights.empty() || config.resume)) {
    return absl::InvalidArgumentError(
        "--epochs=0 evaluates weights, of an earlier run: it needs --weights=FILE, and goes on with nothing "
        "(--resume)");
  }
  const std::string needs = config.resume                 ? "--resume"
                            : config.checkpoint_every > 0 ? "--checkpoint_every"
                            : config.on_nan == "rollback" ? "--on_nan=rollback"
                                                          : "";
  if (needs.empty() || !config.out.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(needs, " needs --out=DIR, the folder that holds the run's checkpoints"));
}

nlohmann::ordered_json ToJson(const TrainConfig& config) {
  nlohmann::ordered_json json;
  VisitFields(config, [&](const auto& value, const Field& field) {
    if (field.saved != Saved::kNever) json[field.name] = value;
  });
  return json;
}

}  // namespace sid
