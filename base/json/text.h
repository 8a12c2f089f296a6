#pragma once

// JSON from text and to text. What is read somebody else may have written: results, claims, benchmarks, checkpoints' metadata. nlohmann's
// parser takes whatever memory holds, but what comes after it (dump, comparison, assignment) calls itself for each level, and its ordered
// objects search their keys one by one. So depth, keys and size are limited here, at the only door:
//
//   bytes --ParseJson--> a document that is safe to walk --CheckShape (shape.h)--> one whose fields can be read without fear

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace sid {

struct JsonLimits {
  int levels = 16;                  // of our own documents none has more than 9
  size_t keys = 1000;               // of one object
  size_t bytes = size_t{64} << 20;  // a report of 10,000 runs
};

// `Json` is nlohmann::json or nlohmann::ordered_json. InvalidArgument, "it nests deeper than 16 levels", when it is no whole
// JSON, exceeds a limit, or has a key twice in one object: which of the two would count depends on the reader.
template <typename Json>
absl::StatusOr<Json> ParseJsonAs(std::string_view text, const JsonLimits& limits);

inline absl::StatusOr<nlohmann::ordered_json> ParseJson(std::string_view text) {
  return ParseJsonAs<nlohmann::ordered_json>(text, {});
}

// Whatever is in it: bytes that are no UTF-8 (of a path, a flag, a file's name) become U+FFFD, where nlohmann would throw, and the hours
// behind a result would be lost over a letter. `indent` spaces a level; -1 for one line.
template <typename Json>
std::string ToText(const Json& json, int indent = -1) {
  return json.dump(indent, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

}  // namespace sid
