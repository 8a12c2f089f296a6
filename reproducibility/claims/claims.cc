#include "reproducibility/claims/claims.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/checksum.h"
#include "base/json/shape.h"
#include "base/json/text.h"
#include "base/status.h"
#include "base/text.h"

namespace sid {
namespace {

using nlohmann::ordered_json;

constexpr int kSchema = 1;
constexpr char kShapeOfDeviations[] = R"([{"paper": "text", "here": "text", "why": "text"}])";

absl::Status Wrong(const std::string& where, const std::string& what) {
  return absl::InvalidArgumentError(OneLine(absl::StrCat("claims.json: ", where, ": ", what)));
}

// A key that nobody reads is a typing error that would change what is tested.
absl::Status CheckKeys(const ordered_json& object, const std::string& where, const std::vector<std::string>& known) {
  if (!object.is_object()) return Wrong(where, "expected an object");
  for (const auto& [key, value] : object.items()) {
    const auto found = FindName("key", key, known);
    if (!found.ok()) return Wrong(where, std::string(found.status().message()));
  }
  return absl::OkStatus();
}

template <typename T>
bool Fits(const ordered_json& value) {
  if constexpr (std::is_same_v<T, std::string>) return value.is_string() && !value.get<std::string>().empty();
  if constexpr (std::is_same_v<T, bool>) return value.is_boolean();
  if constexpr (std::is_same_v<T, int64_t>) return value.is_number_integer() && value.get<int64_t>() >= 0;
  if constexpr (std::is_same_v<T, double>) return value.is_number();
  if constexpr (std::is_same_v<T, std::vector<std::string>>) {
    return value.is_array() && std::all_of(value.begin(), value.end(), Fits<std::string>);
  }
}

template <typename T>
absl::Status Read(const ordered_json& object, const std::string& where, const char* key, T* value) {
  if (!object.contains(key)) return Wrong(where, absl::StrCat("'", key, "' is missing"));
  if (!Fits<T>(object.at(key))) {
    return Wrong(where, absl::StrCat("'", key, "' is ", object.at(key).dump(), ", which is not what it takes"));
  }
  *value = object.at(key).get<T>();
  return absl::OkStatus();
}

// The same of what may be missing.
template <typename T>
absl::Status ReadIfThere(const ordered_json& object, const std::string& where, const char* key, T* value) {
  return object.contains(key) ? Read(object, where, key, value) : absl::OkStatus();
}

absl::StatusOr<Bound> ReadBound(const ordered_json& object, const std::string& where) {
  Bound bound{.above = object.contains("above")};
  if (bound.above == object.contains("below")) return Wrong(where, "there must be one of 'above' and 'below'");
  SID_RETURN_IF_ERROR(Read(object, where, bound.above ? "above" : "below", &bound.value));
  const char* fail = bound.above ? "fail_below" : "fail_above";
  if (!object.contains(fail)) return bound;
  double value = 0;
  SID_RETURN_IF_ERROR(Read(object, where, fail, &value));
  if (bound.above ? value < bound.value : value > bound.value) {
    return Wrong(where, absl::StrCat("'", fail, "' leaves room between PASS and FAIL that no run could decide"));
  }
  bound.fail = value;
  return bound;
}

absl::StatusOr<Contrast> ReadContrast(const ordered_json& object, const std::string& where) {
  SID_RETURN_IF_ERROR(CheckKeys(object, where, {"label", "above", "fail_below", "below", "fail_above", "sum"}));
  Contrast contrast;
  SID_RETURN_IF_ERROR(Read(object, where, "label", &contrast.label));
  SID_ASSIGN_OR_RETURN(contrast.bound, ReadBound(object, absl::StrCat(where, ": ", contrast.label)));
  const bool has_sum = object.contains("sum") && object.at("sum").is_array() && !object.at("sum").empty();
  if (!has_sum) return Wrong(where, "'sum' must list terms, [times, {setting: value}]");
  for (const ordered_json& term : object.at("sum")) {
    if (!term.is_array() || term.size() != 2 || !term[0].is_number() || !term[1].is_object()) {
      return Wrong(where, absl::StrCat("the term ", term.dump(), " is not [times, {setting: value}]"));
    }
    contrast.terms.push_back({term[0].get<double>(), term[1]});
  }
  return contrast;
}

absl::StatusOr<Needs> ReadNeeds(const ordered_json& object, const std::string& where) {
  SID_RETURN_IF_ERROR(
      CheckKeys(object, where, {"datasets", "epochs", "all_images", "learning_rates", "noisy_validation"}));
  Needs needs;
  SID_RETURN_IF_ERROR(Read(object, where, "datasets", &needs.datasets));
  SID_RETURN_IF_ERROR(Read(object, where, "epochs", &needs.epochs));
  SID_RETURN_IF_ERROR(Read(object, where, "all_images", &needs.all_images));
  SID_RETURN_IF_ERROR(Read(object, where, "learning_rates", &needs.learning_rates));
  SID_RETURN_IF_ERROR(ReadIfThere(object, where, "noisy_validation", &needs.noisy_validation));
  return needs;
}

absl::StatusOr<Rule> ReadContrasts(const ordered_json& object, const std::string& where) {
  SID_RETURN_IF_ERROR(CheckKeys(object, where, {"quantity", "where", "needs", "pooled", "contrasts"}));
  Rule rule;
  SID_RETURN_IF_ERROR(Read(object, where, "quantity", &rule.quantity));
  if (object.contains("where")) rule.where = object.at("where");
  SID_RETURN_IF_ERROR(ReadIfThere(object, where, "pooled", &rule.pooled));
  if (!rule.where.is_object()) return Wrong(where, "'where' is no object {setting: value}");
  if (!object.contains("needs")) return Wrong(where, "'needs' is missing");
  SID_ASSIGN_OR_RETURN(rule.needs, ReadNeeds(object.at("needs"), where));
  if (!object.contains("contrasts") || !object.at("contrasts").is_array() || object.at("contrasts").empty()) {
    return Wrong(where, "'contrasts' must be a list");
  }
  for (const ordered_json& contrast : object.at("contrasts")) {
    SID_ASSIGN_OR_RETURN(Contrast read, ReadContrast(contrast, where));
    rule.contrasts.push_back(std::move(read));
  }
  return rule;
}

absl::StatusOr<Rule> ReadRule(const ordered_json& object, const std::string& where) {
  if (object.is_object() && object.contains("contrasts")) return ReadContrasts(object, where);
  SID_RETURN_IF_ERROR(CheckKeys(object, where, {"bench", "above", "below", "some", "over", "cascade"}));
  Rule rule{.kind = RuleKind::kBench};
  SID_RETURN_IF_ERROR(Read(object, where, "bench", &rule.quantity));
  SID_ASSIGN_OR_RETURN(rule.bound, ReadBound(object, where));
  SID_RETURN_IF_ERROR(ReadIfThere(object, where, "some", &rule.some));
  SID_RETURN_IF_ERROR(ReadIfThere(object, where, "over", &rule.over));
  SID_RETURN_IF_ERROR(ReadIfThere(object, where, "cascade", &rule.cascade));
  return rule;
}

absl::Status ReadTested(const ordered_json& object, const std::string& where, Claim* claim) {
  SID_RETURN_IF_ERROR(Read(object, where, "experiment", &claim->experiment));
  SID_RETURN_IF_ERROR(Read(object, where, "seeds", &claim->seeds));
  SID_RETURN_IF_ERROR(Read(object, where, "tolerance", &claim->tolerance));
  SID_ASSIGN_OR_RETURN(claim->rule, ReadRule(object.at("rule"), where));
  claim->rule_text = object.at("rule");
  // Keys sorted: how the registry is laid out does not count.
  const nlohmann::json decides = {{"rule", object.at("rule")},
                                  {"experiment", claim->experiment},
                                  {"seeds", claim->seeds},
                                  {"tolerance", claim->tolerance}};
  claim->hash = Sha256Of(ToText(decides));
  return absl::OkStatus();
}

absl::StatusOr<Claim> ReadClaim(const ordered_json& object, size_t index) {
  std::string where = absl::StrCat("claim ", index + 1);
  Claim claim;
  SID_RETURN_IF_ERROR(CheckKeys(object, where,
                                {"id", "kind", "statement", "source", "figure", "experiment", "seeds", "tolerance",
                                 "rule", "by_construction", "not_run", "answered_by"}));
  SID_RETURN_IF_ERROR(Read(object, where, "id", &claim.id));
  where = claim.id;
  SID_RETURN_IF_ERROR(Read(object, where, "kind", &claim.kind));
  SID_RETURN_IF_ERROR(Read(object, where, "statement", &claim.statement));
  SID_RETURN_IF_ERROR(Read(object, where, "source", &claim.source));
  SID_RETURN_IF_ERROR(Read(object, where, "figure", &claim.figure));
  if (object.contains("rule") + object.contains("by_construction") + object.contains("not_run") +
          object.contains("answered_by") !=
      1) {
    return Wrong(where, "there must be one of 'rule', 'by_construction', 'not_run' and 'answered_by'");
  }
  SID_RETURN_IF_ERROR(ReadIfThere(object, where, "not_run", &claim.not_run));
  SID_RETURN_IF_ERROR(ReadIfThere(object, where, "answered_by", &claim.answered_by));
  SID_RETURN_IF_ERROR(ReadIfThere(object, where, "by_construction", &claim.by_construction));
  if (object.contains("rule")) SID_RETURN_IF_ERROR(ReadTested(object, where, &claim));
  return claim;
}

std::vector<std::string> Ids(const Registry& registry) {
  std::vector<std::string> ids;
  for (const Claim& claim : registry.claims) ids.push_back(claim.id);
  return ids;
}

absl::Status CheckIds(const Registry& registry) {
  const std::vector<std::string> ids = Ids(registry);
  for (const Claim& claim : registry.claims) {
    if (std::count(ids.begin(), ids.end(), claim.id) > 1) return Wrong(claim.id, "it is there twice");
    for (const std::string& other : claim.answered_by) {
      const auto found = FindName("claim", other, ids);
      if (!found.ok()) return Wrong(claim.id, std::string(found.status().message()));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Registry> ParseRegistry(std::string_view text) {
  const absl::StatusOr<ordered_json> parsed = ParseJson(text);
  if (!parsed.ok()) return Wrong("the file", std::string(parsed.status().message()));
  const ordered_json& json = *parsed;
  SID_RETURN_IF_ERROR(CheckKeys(json, "the file", {"schema", "paper", "about", "deviations", "claims"}));
  int64_t schema = 0;
  SID_RETURN_IF_ERROR(Read(json, "the file", "schema", &schema));
  if (schema != kSchema) return Wrong("the file", absl::StrCat("schema ", schema, " instead of ", kSchema));
  Registry registry;
  SID_RETURN_IF_ERROR(Read(json, "the file", "paper", &registry.paper));
  if (!json.contains("claims") || !json.at("claims").is_array()) return Wrong("the file", "'claims' must be a list");
  registry.deviations = json.value("deviations", ordered_json::array());
  const absl::Status deviations = CheckShape(registry.deviations, ordered_json::parse(kShapeOfDeviations));
  if (!deviations.ok()) return Wrong("'deviations'", std::string(deviations.message()));
  for (size_t i = 0; i < json.at("claims").size(); ++i) {
    SID_ASSIGN_OR_RETURN(Claim claim, ReadClaim(json.at("claims")[i], i));
    registry.claims.push_back(std::move(claim));
  }
  SID_RETURN_IF_ERROR(CheckIds(registry));
  return registry;
}

absl::StatusOr<std::vector<Claim>> SelectClaims(const Registry& registry, const std::string& names) {
  if (names == "all") return registry.claims;
  std::set<size_t> chosen;
  for (const auto name : absl::StrSplit(names, ',')) {
    SID_ASSIGN_OR_RETURN(const size_t index, FindName("claim", std::string(name), Ids(registry)));
    chosen.insert(index);
    for (const std::string& other : registry.claims[index].answered_by) {
      chosen.insert(*FindName("claim", other, Ids(registry)));
    }
  }
  std::vector<Claim> claims;
  claims.reserve(chosen.size());
  for (const size_t index : chosen) claims.push_back(registry.claims[index]);
  return claims;
}

}  // namespace sid
