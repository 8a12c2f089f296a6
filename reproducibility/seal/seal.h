#pragma once

// A checksum inside a JSON document, over all the rest of it: what was edited by hand afterwards no longer fits. It guards
// against slips and silent repairs, not against someone who computes it anew.
//
//   {"a": 1}  --Seal-->  {"a": 1, "sha256": "..."}  --CheckSeal-->  OK

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace sid {

// SHA-256 in 64 hexadecimal digits, lower case.
std::string Sha256(std::string_view text);

// Of the document with its keys sorted and without spaces: how it is laid out does not count.
std::string CanonicalSha256(const nlohmann::json& document);

// Adds "sha256", or renews it. `document` is an object.
void Seal(nlohmann::ordered_json& document);

// DataLoss when the seal is missing or does not fit; `path` is for the message.
absl::Status CheckSeal(const nlohmann::ordered_json& document, const std::string& path);

}  // namespace sid
