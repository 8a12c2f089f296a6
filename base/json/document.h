#pragma once

// A file of this project, JSON with a number "schema", read again by whoever is given it. Whoever wrote it, what is returned has every field
// that its shape names, of the type that it is read as.
//
//   text --ParseJson (text.h), schema, CheckShape (shape.h)--> document

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sid {

struct DocumentKind {
  const char* what;   // "result of //:bench"
  int schema;         // raised when a reader of the old files would misread new ones
  const char* shape;  // as CheckShape has it
  const char* hint;   // what to do with a file that is not one: "measure again"
};

// DataLoss in one line that begins with `name`: no JSON, another schema, or which place is not as the shape says.
absl::StatusOr<nlohmann::ordered_json> ParseDocument(std::string_view text, const std::string& name,
                                                     const DocumentKind& kind);

// The same error for what a shape cannot say.
absl::Status Damaged(const std::string& name, absl::string_view why, const DocumentKind& kind);

}  // namespace sid
