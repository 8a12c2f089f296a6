#include "base/safetensors/safetensors_header.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <tuple>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/json/text.h"
#include "base/status.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

using Json = nlohmann::json;

constexpr char kMetadata[] = "__metadata__";

constexpr std::pair<const char*, at::ScalarType> kTypes[] = {
    {"F64", at::kDouble}, {"F32", at::kFloat}, {"BF16", at::kBFloat16}, {"F16", at::kHalf},
    {"I64", at::kLong},   {"I32", at::kInt},   {"U8", at::kByte},       {"BOOL", at::kBool},
};

const char* TypeName(at::ScalarType type) {
  for (const auto& [name, known] : kTypes) {
    if (known == type) return name;
  }
  return nullptr;
}

template <typename... Parts>
absl::Status Damaged(const Parts&... parts) {
  return absl::DataLossError(absl::StrCat(parts...));
}

// A name out of the file, fit for one line.
std::string Quoted(const std::string& name) { return absl::StrCat("'", absl::Utf8SafeCEscape(name), "'"); }

// The JSON object, if `text` is one.
absl::StatusOr<Json> ParseObject(std::string_view text) {
  // The numbers of a shape, which is in an entry, which is in the header. A tensor is a key, and there may be many.
  constexpr JsonLimits kLimits{.levels = 3, .keys = 1'000'000, .bytes = 100'000'000};
  absl::StatusOr<Json> json = ParseJsonAs<Json>(text, kLimits);
  if (!json.ok()) return Damaged("the header is no JSON object: ", json.status().message());
  if (!json->is_object()) return Damaged("the header is no JSON object");
  return json;
}

absl::StatusOr<std::map<std::string, std::string>> ParseMetadata(const Json& json) {
  std::map<std::string, std::string> metadata;
  if (!json.is_object()) return Damaged(kMetadata, " is no JSON object");
  for (const auto& [key, value] : json.items()) {
    if (!value.is_string()) return Damaged(kMetadata, " has no text for ", Quoted(key));
    metadata[key] = value.get<std::string>();
  }
  return metadata;
}

// A list of whole numbers from 0 to the largest int64.
absl::StatusOr<std::vector<int64_t>> ParseNumbers(const Json& entry, const char* key) {
  const auto list = entry.find(key);
  if (list == entry.end() || !list->is_array()) return Damaged("has no list '", key, "'");
  std::vector<int64_t> numbers;
  for (const Json& number : *list) {
    if (!number.is_number_unsigned() || number.get<uint64_t>() > std::numeric_limits<int64_t>::max())
      return Damaged("has something else than whole numbers in '", key, "'");
    numbers.push_back(number.get<int64_t>());
  }
  return numbers;
}

absl::StatusOr<at::ScalarType> ParseType(const Json& entry) {
  const auto type = entry.find("dtype");
  if (type == entry.end() || !type->is_string()) return Damaged("has no text 'dtype'");
  for (const auto& [name, known] : kTypes) {
    if (*type == name) return known;
  }
  return Damaged("has the unknown type ", Quoted(type->get<std::string>()));
}

// Bytes of a tensor. A dimension of 0 counts as 1 on the way: not only the size, the strides must not overflow either.
absl::StatusOr<uint64_t> ByteSize(at::ScalarType type, const std::vector<int64_t>& shape) {
  int64_t bytes = static_cast<int64_t>(c10::elementSize(type));
  bool empty = false;
  for (const int64_t size : shape) {
    empty = empty || size == 0;
    if (__builtin_mul_overflow(bytes, std::max<int64_t>(size, 1), &bytes)) return Damaged("has an impossible shape");
  }
  return empty ? 0 : static_cast<uint64_t>(bytes);
}

absl::StatusOr<SafetensorsEntry> ParseEntry(const std::string& name, const Json& json) {
  if (!json.is_object()) return Damaged("is no JSON object");
  SafetensorsEntry entry = {.name = name};
  SID_ASSIGN_OR_RETURN(entry.type, ParseType(json));
  SID_ASSIGN_OR_RETURN(entry.shape, ParseNumbers(json, "shape"));
  SID_ASSIGN_OR_RETURN(const std::vector<int64_t> offsets, ParseNumbers(json, "data_offsets"));
  SID_ASSIGN_OR_RETURN(const uint64_t bytes, ByteSize(entry.type, entry.shape));
  if (offsets.size() != 2 || offsets[0] > offsets[1]) return Damaged("has no two ascending 'data_offsets'");
  entry.begin = offsets[0];
  entry.end = offsets[1];
  if (entry.end - entry.begin != bytes)
    return Damaged("has ", entry.end - entry.begin, " bytes of data, but its type and shape need ", bytes);
  return entry;
}

// Sorts the entries by their place, and checks that one begins where the one before it ends, up to the end.
absl::Status CheckCover(std::vector<SafetensorsEntry>& entries, uint64_t data_size) {
  std::stable_sort(entries.begin(), entries.end(), [](const SafetensorsEntry& a, const SafetensorsEntry& b) {
    return std::tie(a.begin, a.end) < std::tie(b.begin, b.end);
  });
  uint64_t covered = 0;
  for (const SafetensorsEntry& entry : entries) {
    if (entry.begin != covered) {
      return Damaged("tensor ", Quoted(entry.name), " begins at byte ", entry.begin, " of the data, but ",
                     entry.begin < covered ? "overlaps what ends at " : "leaves a gap after ", covered);
    }
    covered = entry.end;
  }
  if (covered == data_size) return absl::OkStatus();
  return Damaged("the header describes ", covered, " bytes of data, but the file has ", data_size);
}

}  // namespace

absl::Status CheckSafetensorsType(at::ScalarType type) {
  if (TypeName(type) != nullptr) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("type ", c10::toString(type), " has no place in our safetensors files"));
}

std::string WriteSafetensorsHeader(const SafetensorsHeader& header) {
  Json json = Json::object();
  if (!header.metadata.empty()) json[kMetadata] = header.metadata;
  for (const SafetensorsEntry& entry : header.entries) {
    const char* type = TypeName(entry.type);
    CHECK(type != nullptr) << entry.name;
    json[entry.name] = {{"dtype", type}, {"shape", entry.shape}, {"data_offsets", {entry.begin, entry.end}}};
  }
  std::string text = ToText(json);
  text.resize((text.size() + 7) / 8 * 8, ' ');
  return text;
}

absl::StatusOr<SafetensorsHeader> ParseSafetensorsHeader(std::string_view text, uint64_t data_size) {
  SID_ASSIGN_OR_RETURN(const Json json, ParseObject(text));
  SafetensorsHeader header;
  for (const auto& [name, value] : json.items()) {
    if (name == kMetadata) {
      SID_ASSIGN_OR_RETURN(header.metadata, ParseMetadata(value));
      continue;
    }
    absl::StatusOr<SafetensorsEntry> entry = ParseEntry(name, value);
    if (!entry.ok()) return Damaged("tensor ", Quoted(name), " ", entry.status().message());
    header.entries.push_back(*std::move(entry));
  }
  SID_RETURN_IF_ERROR(CheckCover(header.entries, data_size));
  return header;
}

}  // namespace sid
