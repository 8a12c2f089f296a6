#pragma once

// A fuzzer cannot guess a checksum: what it makes is sealed for it, so that it gets to what lies behind.

#include <string>

#include "base/json/parse.h"
#include "base/json/write.h"
#include "reproducibility/seal/seal.h"

namespace sid {

// As it is where it is no object.
inline std::string Sealed(const std::string& text) {
  auto json = ParseJson(text);
  if (!json.ok() || !json->is_object()) return text;
  Seal(*json);
  return ToText(*json);
}

}  // namespace sid
