#pragma once

// JSON that somebody else may have written: results, claims, benchmarks, checkpoints' metadata. nlohmann's parser takes
// whatever memory holds, but what comes after it (dump, comparison, assignment) calls itself for each level, and its ordered
// objects search their keys one by one. So depth, keys and size are limited here, at the only door:
//
//   bytes --ParseJson--> a document that is safe to walk --CheckShape (shape.h)--> one whose fields can be read without fear

#include <cstddef>
#include <nlohmann/json.hpp>
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

}  // namespace sid
