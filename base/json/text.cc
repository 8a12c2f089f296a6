#include "base/json/text.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace sid {
namespace {

using Event = nlohmann::json::parse_event_t;

// Called at each bracket, key and value; what it refuses is not built.
class Watch {
 public:
  explicit Watch(const JsonLimits& limits) : limits_(limits), keys_(limits.levels + 1) {}

  // `level` counts the brackets around the place.
  template <typename Json>
  bool Accepts(int level, Event event, const Json& parsed) {
    if (!problem_.empty()) return false;
    const bool opens = event == Event::object_start || event == Event::array_start;
    if (level + (opens ? 1 : 0) > limits_.levels) {
      problem_ = absl::StrCat("it nests deeper than ", limits_.levels, " levels");
    } else if (event == Event::object_start) {
      keys_[level + 1].clear();
    } else if (event == Event::key) {
      LookAtKey(parsed.template get<std::string>(), &keys_[level]);
    }
    return problem_.empty();
  }

  const std::string& problem() const { return problem_; }

 private:
  void LookAtKey(const std::string& key, std::set<std::string>* keys) {
    if (!keys->insert(key).second) problem_ = absl::StrCat("it has '", absl::Utf8SafeCEscape(key), "' twice");
    if (keys->size() > limits_.keys) problem_ = absl::StrCat("an object in it has more than ", limits_.keys, " keys");
  }

  const JsonLimits limits_;
  std::vector<std::set<std::string>> keys_;  // of the objects around the place, by level
  std::string problem_;
};

template <typename Json>
absl::StatusOr<Json> Parse(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.bytes) {
    return absl::InvalidArgumentError(absl::StrCat("it has ", text.size(), " bytes, more than ", limits.bytes));
  }
  Watch watch(limits);
  Json json = Json::parse(
      text, [&](int level, Event event, Json& parsed) { return watch.Accepts(level, event, parsed); },
      /*allow_exceptions=*/false);
  if (!watch.problem().empty()) return absl::InvalidArgumentError(watch.problem());
  if (json.is_discarded()) return absl::InvalidArgumentError("it is no JSON, or not whole");
  return json;
}

}  // namespace

template <typename Json>
absl::StatusOr<Json> ParseJsonAs(std::string_view text, const JsonLimits& limits) {
  return Parse<Json>(text, limits);
}

template absl::StatusOr<nlohmann::json> ParseJsonAs(std::string_view text, const JsonLimits& limits);
template absl::StatusOr<nlohmann::ordered_json> ParseJsonAs(std::string_view text, const JsonLimits& limits);

}  // namespace sid
