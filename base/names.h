#pragma once

// Names that a user types (a learner, a data set, a flag) and the error for one that does not exist.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace sid {

// The candidate with the smallest edit distance to `name`, or that it is the beginning of, in whatever case; "" when none
// is near enough to be a likely typing error.
std::string NearestName(std::string_view name, const std::vector<std::string>& candidates);

// "unknown learner 'bpchain'; did you mean 'bp-chain'? There are: sid, bp-chain, ..."; `kind` is "learner".
absl::Status UnknownName(std::string_view kind, std::string_view name, const std::vector<std::string>& candidates);

// Which of `names` it is, counted from 0, or UnknownName: how an enumeration whose values stand in the order of their names
// is read.
absl::StatusOr<size_t> FindName(std::string_view kind, std::string_view name, const std::vector<std::string>& names);

}  // namespace sid
