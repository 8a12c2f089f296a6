#pragma once

// What a document must look like before its fields are read, said by one that looks like it:
//
//   {"label": "text", "step_seconds": {"median": "number"}, "trusted": "switch", "?rules": {"*": "text"}, "phases": [{...}]}
//
//   "text"  "number"  "number or null"  "count" (a whole number from 0 on)  "switch"  "any"
//   "?key"     may be missing
//   {"*": s}   an object whose every value is like s; other objects may have keys that the shape does not name
//   [s]        a list whose every element is like s; [s, n]: of n elements or more

#include <nlohmann/json.hpp>

#include "absl/status/status.h"

namespace sid {

// InvalidArgument says in one line which is the first place that differs, what it holds and what it should.
absl::Status CheckShape(const nlohmann::ordered_json& value, const nlohmann::ordered_json& shape);

// The same of what people write, where a key that nobody reads is a typing error: objects have no others than the shape names, and the
// nearest one is named first, as what is missing is often there under another name.
absl::Status CheckShapeAndKeys(const nlohmann::ordered_json& value, const nlohmann::ordered_json& shape);

}  // namespace sid
