#pragma once

// Names that a user types (a learner, a data set, a flag) and the error for one that does not exist.

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace sid {

// The candidate with the smallest edit distance to `name`, or "" when none is near enough to be a likely typing error.
std::string NearestName(std::string_view name, const std::vector<std::string>& candidates);

// "unknown learner 'bpchain'; did you mean 'bp-chain'? There are: sid, bp-chain, ..."; `kind` is "learner".
absl::Status UnknownName(std::string_view kind, std::string_view name, const std::vector<std::string>& candidates);

}  // namespace sid
