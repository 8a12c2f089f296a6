#include "reproducibility/claims/claims.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/checksum.h"
#include "base/json/shape.h"
#include "base/json/text.h"
#include "base/status.h"
#include "base/text.h"

namespace sid {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Needs, datasets, epochs, all_images, learning_rates, noisy_validation)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Rule, where, needs, pooled, some, over, cascade)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Claim, id, experiment, seeds, by_construction, not_run, answered_by)

namespace {

using nlohmann::ordered_json;

constexpr int kSchema = 1;

constexpr char kShape[] = R"({
  "schema": "count", "paper": "text", "?about": ["text"],
  "?deviations": [{"paper": "text", "here": "text", "why": "text"}],
  "claims": ["any"]})";

constexpr char kShapeOfClaim[] = R"({
  "id": "text", "kind": "text", "statement": "text", "source": "text", "figure": "text",
  "?rule": "any", "?experiment": "text", "?seeds": "count", "?tolerance": "text",
  "?by_construction": "text", "?not_run": "text", "?answered_by": ["text"]})";

constexpr char kShapeOfContrasts[] = R"({
  "quantity": "text", "?where": {"*": "any"}, "?pooled": "switch",
  "needs": {
    "datasets": ["text"], "epochs": "count", "all_images": "switch", "learning_rates": "count",
    "?noisy_validation": "switch"},
  "contrasts": [{
    "label": "text", "?above": "number", "?fail_below": "number", "?below": "number", "?fail_above": "number",
    "sum": [["any", 2], 1]}, 1]})";

constexpr char kShapeOfFigure[] = R"({
  "bench": "text", "?above": "number", "?below": "number", "?some": "switch", "?over": "text",
  "?cascade": "switch"})";

absl::Status Wrong(const std::string& where, absl::string_view what) {
  return absl::InvalidArgumentError(OneLine(absl::StrCat("claims.json: ", where, ": ", what)));
}

absl::Status CheckPart(const ordered_json& part, const char* shape, const std::string& where) {
  const absl::Status whole = CheckShapeAndKeys(part, ordered_json::parse(shape));
  return whole.ok() ? whole : Wrong(where, whole.message());
}

// Which one of them it has.
absl::StatusOr<std::string> OneOf(const std::vector<std::string>& keys, const ordered_json& object,
                                  const std::string& where) {
  std::vector<std::string> found;
  for (const std::string& key : keys) {
    if (object.contains(key)) found.push_back(key);
  }
  if (found.size() == 1) return found.front();
  return Wrong(where, absl::StrCat("there must be one of '", absl::StrJoin(keys, "', '"), "'"));
}

absl::StatusOr<Bound> ReadBound(const ordered_json& object, const std::string& where) {
  SID_ASSIGN_OR_RETURN(const std::string side, OneOf({"above", "below"}, object, where));
  Bound bound{.above = side == "above", .value = object.at(side).get<double>()};
  const char* fail = bound.above ? "fail_below" : "fail_above";
  if (!object.contains(fail)) return bound;
  bound.fail = object.at(fail).get<double>();
  if (bound.above ? *bound.fail >= bound.value : *bound.fail <= bound.value) return bound;
  return Wrong(where, absl::StrCat("'", fail, "' leaves room between PASS and FAIL that no run could decide"));
}

absl::StatusOr<Contrast> ReadContrast(const ordered_json& object, const std::string& where) {
  Contrast contrast{.label = object.at("label").get<std::string>()};
  SID_ASSIGN_OR_RETURN(contrast.bound, ReadBound(object, absl::StrCat(where, ": ", contrast.label)));
  for (const ordered_json& term : object.at("sum")) {
    if (term.size() != 2 || !term[0].is_number() || !term[1].is_object()) {
      return Wrong(where, absl::StrCat("the term ", term.dump(), " is not [times, {setting: value}]"));
    }
    contrast.terms.push_back({term[0].get<double>(), term[1]});
  }
  return contrast;
}

absl::StatusOr<Rule> ReadRule(const ordered_json& object, const std::string& where) {
  SID_ASSIGN_OR_RETURN(const std::string of, OneOf({"quantity", "bench"}, object, where));
  SID_RETURN_IF_ERROR(CheckPart(object, of == "quantity" ? kShapeOfContrasts : kShapeOfFigure, where));
  Rule rule = nlohmann::json(object).get<Rule>();
  object.at(of).get_to(rule.quantity);
  if (of != "quantity") {
    SID_ASSIGN_OR_RETURN(rule.bound, ReadBound(object, where));
    return rule;
  }
  for (const ordered_json& contrast : object.at("contrasts")) {
    SID_ASSIGN_OR_RETURN(Contrast read, ReadContrast(contrast, where));
    rule.contrasts.push_back(std::move(read));
  }
  return rule;
}

// Keys sorted: how the registry is laid out does not count.
std::string HashOf(const ordered_json& claim) {
  nlohmann::json decisive;
  for (const char* key : {"rule", "experiment", "seeds", "tolerance"}) decisive[key] = claim.at(key);
  return Sha256Of(ToText(decisive));
}

absl::StatusOr<Claim> ReadClaim(const ordered_json& object, size_t index) {
  const bool named = object.is_object() && object.contains("id") && object.at("id").is_string();
  const std::string where = named ? object.at("id").get<std::string>() : absl::StrCat("claim ", index + 1);
  SID_RETURN_IF_ERROR(CheckPart(object, kShapeOfClaim, where));
  SID_RETURN_IF_ERROR(OneOf({"rule", "by_construction", "not_run", "answered_by"}, object, where).status());
  Claim claim = nlohmann::json(object).get<Claim>();
  claim.text = object;
  if (!object.contains("rule")) return claim;
  for (const char* key : {"experiment", "seeds", "tolerance"}) {
    if (!object.contains(key)) return Wrong(where, absl::StrCat("'", key, "' is missing"));
  }
  SID_ASSIGN_OR_RETURN(claim.rule, ReadRule(object.at("rule"), where));
  claim.hash = HashOf(object);
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
      if (!found.ok()) return Wrong(claim.id, found.status().message());
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Registry> ParseRegistry(std::string_view text) {
  const absl::StatusOr<ordered_json> parsed = ParseJson(text);
  if (!parsed.ok()) return Wrong("the file", parsed.status().message());
  SID_RETURN_IF_ERROR(CheckPart(*parsed, kShape, "the file"));
  if (parsed->at("schema") != kSchema) {
    return Wrong("the file", absl::StrCat("schema ", parsed->at("schema").dump(), " instead of ", kSchema));
  }
  Registry registry{.paper = parsed->at("paper").get<std::string>(),
                    .deviations = parsed->value("deviations", ordered_json::array())};
  for (const ordered_json& object : parsed->at("claims")) {
    SID_ASSIGN_OR_RETURN(Claim claim, ReadClaim(object, registry.claims.size()));
    registry.claims.push_back(std::move(claim));
  }
  SID_RETURN_IF_ERROR(CheckIds(registry));
  return registry;
}

absl::StatusOr<std::vector<Claim>> SelectClaims(const Registry& registry, const std::string& names) {
  if (names == "all") return registry.claims;
  std::set<std::string> chosen;
  for (const auto name : absl::StrSplit(names, ',')) {
    SID_ASSIGN_OR_RETURN(const size_t index, FindName("claim", std::string(name), Ids(registry)));
    const Claim& claim = registry.claims[index];
    chosen.insert(claim.id);
    chosen.insert(claim.answered_by.begin(), claim.answered_by.end());
  }
  std::vector<Claim> claims = registry.claims;
  std::erase_if(claims, [&](const Claim& claim) { return chosen.count(claim.id) == 0; });
  return claims;
}

}  // namespace sid
