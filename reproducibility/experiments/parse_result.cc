#include <cmath>

#include "absl/strings/str_cat.h"
#include "base/checksum.h"
#include "base/json/document.h"
#include "base/json/shape.h"
#include "base/json/text.h"
#include "base/status.h"
#include "reproducibility/experiments/results.h"

namespace sid {
namespace {

using nlohmann::ordered_json;

// Of every result.
constexpr DocumentKind kResult{"result of an experiment", kResultSchema, R"({
  "settings": {
    "learner": "text", "dataset": "text", "depth": "count", "initialisation": "text", "belief_update": "text",
    "alpha": "text", "divergence": "text", "smoothing": "number", "extractor_gradient": "text",
    "train_images": "count", "label_noise": "number", "epochs": "count", "lr": "number", "seed": "count",
    "?noisy_validation": "switch"},
  "?machine": {"?processor": "text", "?threads": "count", "?cores": "count", "?device": "text"},
  "?seconds": "number",
  "?rules": {"*": "text"},
  "?version": "text",
  "?commit": "text"})",
                               "remove it to run it again"};

constexpr char kShapeOfFailed[] = R"({"failed": "text", "?classes": "count"})";

constexpr char kShapeOfEnded[] = R"({
  "best_epoch": "count",
  "seconds": "number",
  "test": {"accuracy": ["number", 1], "divergence": ["number or null", 1], "?last_epoch_accuracy": "number",
    "?correct": "text"},
  "theory": {
    "divergence": ["number or null", 2], "sum_of_failures": "number or null", "fell_everywhere": "number or null",
    "largest_excess": "number or null"},
  "?staleness": {"probes": "count", "mean": ["number or null", 1]},
  "epochs": [{"validation": {"accuracy": ["number"], "divergence": ["number or null"]}}, 1]})";

constexpr char kSealKey[] = "sha256";

// Of the rest, its keys sorted and without spaces: how it is laid out does not count.
std::string SealOf(nlohmann::json document) {
  document.erase(kSealKey);
  return Sha256Of(ToText(document));
}

// What a run that failed has, or one that ended; and what no shape says: numbers that another must fit.
absl::Status CheckOutcome(const ordered_json& result) {
  const bool failed = result.contains("failed");
  SID_RETURN_IF_ERROR(CheckShape(result, ordered_json::parse(failed ? kShapeOfFailed : kShapeOfEnded)));
  if (failed) return result.value("classes", int64_t{1}) > 0 ? absl::OkStatus() : absl::DataLossError("classes is 0");
  const auto best = result.at("best_epoch").get<int64_t>(), epochs = static_cast<int64_t>(result.at("epochs").size());
  if (best >= 1 && best <= epochs) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("best_epoch is ", best, " of ", epochs));
}

absl::Status CheckSeal(const ordered_json& document, const std::string& path) {
  const bool sealed = document.contains(kSealKey);
  if (sealed && document.at(kSealKey) == SealOf(document)) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(path,
                                          sealed ? " was changed after it was written: its checksum does not fit"
                                                 : " has no checksum: it was written by another program",
                                          "; remove it to run it again"));
}

}  // namespace

void Seal(ordered_json& document) { document[kSealKey] = SealOf(document); }

absl::StatusOr<ordered_json> ParseResult(const std::string& text, const std::string& path) {
  SID_ASSIGN_OR_RETURN(ordered_json result, ParseDocument(text, path, kResult));
  SID_RETURN_IF_ERROR(CheckSeal(result, path));
  const absl::Status outcome = CheckOutcome(result);
  if (outcome.ok()) return result;
  return Damaged(path, outcome.message(), kResult);
}

ordered_json NumberOrNull(double number) { return std::isfinite(number) ? ordered_json(number) : ordered_json(); }

double NumberOf(const ordered_json& number_or_null) {
  return number_or_null.is_null() ? std::nan("") : number_or_null.get<double>();
}

}  // namespace sid
