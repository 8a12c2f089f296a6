#pragma once

// JSON as text, whatever is in it: bytes that are no UTF-8 (of a path, a flag, a file's name) become U+FFFD, where nlohmann
// would throw, and the hours behind a result would be lost over a letter.

#include <nlohmann/json.hpp>
#include <string>

namespace sid {

// `indent` spaces a level; -1 for one line. `Json` is nlohmann::json or nlohmann::ordered_json.
template <typename Json>
std::string ToText(const Json& json, int indent = -1) {
  return json.dump(indent, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

}  // namespace sid
