#include "base/json/shape.h"

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/status.h"
#include "base/text.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

using nlohmann::ordered_json;

bool IsCount(const ordered_json& value) {
  if (value.is_number_unsigned()) return value.get<uint64_t>() <= std::numeric_limits<int64_t>::max();
  return value.is_number_integer() && value.get<int64_t>() >= 0;
}

bool Fits(const ordered_json& value, const std::string& kind) {
  if (kind == "text") return value.is_string();
  if (kind == "number") return value.is_number();
  if (kind == "number or null") return value.is_number() || value.is_null();
  if (kind == "count") return IsCount(value);
  if (kind == "switch") return value.is_boolean();
  CHECK_EQ(kind, "any");
  return true;
}

absl::Status Expected(const std::string& what, const ordered_json& value, const std::string& where) {
  constexpr size_t kShown = 40;
  std::string found = value.dump(-1, ' ', /*ensure_ascii=*/true);
  if (found.size() > kShown) found = found.substr(0, kShown) + "...";
  return absl::InvalidArgumentError(absl::StrCat(where.empty() ? "it" : where, " is ", found, ", expected ", what));
}

absl::Status Check(const ordered_json& value, const ordered_json& shape, bool keys, const std::string& where);

absl::Status CheckList(const ordered_json& list, const ordered_json& shape, bool keys, const std::string& where) {
  const size_t least = shape.size() > 1 ? shape[1].get<size_t>() : 0;
  if (!list.is_array() || list.size() < least) {
    return Expected(least > 0 ? absl::StrCat("a list of at least ", least) : "a list", list, where);
  }
  for (size_t i = 0; i < list.size(); ++i) {
    SID_RETURN_IF_ERROR(Check(list[i], shape[0], keys, absl::StrCat(where, "[", i, "]")));
  }
  return absl::OkStatus();
}

// That the shape names every key.
absl::Status CheckKeys(const ordered_json& object, const ordered_json& shape, const std::string& where) {
  std::vector<std::string> names;
  for (const auto& [key, part] : shape.items()) names.emplace_back(absl::StripPrefix(key, "?"));
  for (const auto& [key, part] : object.items()) {
    const absl::Status known = FindName("key", key, names).status();
    if (known.ok()) continue;
    return absl::InvalidArgumentError(where.empty() ? known.message() : absl::StrCat(where, ": ", known.message()));
  }
  return absl::OkStatus();
}

absl::Status CheckObject(const ordered_json& object, const ordered_json& shape, bool keys, const std::string& where) {
  if (!object.is_object()) return Expected("an object", object, where);
  if (keys && !shape.contains("*")) SID_RETURN_IF_ERROR(CheckKeys(object, shape, where));
  const auto place = [&](const std::string& key) { return where.empty() ? key : absl::StrCat(where, ".", key); };
  for (const auto& [key, part] : shape.items()) {
    const std::string name(absl::StripPrefix(key, "?"));
    if (key == "*") {
      for (const auto& [any, value] : object.items())
        SID_RETURN_IF_ERROR(Check(value, part, keys, place(absl::Utf8SafeCEscape(any))));
    } else if (object.contains(name)) {
      SID_RETURN_IF_ERROR(Check(object.at(name), part, keys, place(name)));
    } else if (name == key) {
      return absl::InvalidArgumentError(absl::StrCat(place(name), " is missing"));
    }
  }
  return absl::OkStatus();
}

absl::Status Check(const ordered_json& value, const ordered_json& shape, bool keys, const std::string& where) {
  if (shape.is_array()) return CheckList(value, shape, keys, where);
  if (shape.is_object()) return CheckObject(value, shape, keys, where);
  const auto kind = shape.get<std::string>();
  const std::string what = kind == "count" ? "a whole number from 0 on" : absl::StrCat("a ", kind);
  return Fits(value, kind) ? absl::OkStatus() : Expected(what, value, where);
}

}  // namespace

absl::Status CheckShape(const ordered_json& value, const ordered_json& shape) { return Check(value, shape, false, ""); }

absl::Status CheckShapeAndKeys(const ordered_json& value, const ordered_json& shape) {
  return Check(value, shape, true, "");
}

}  // namespace sid
