#include "base/names.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace sid {
namespace {

// How many characters to insert, delete, replace, or swap with their neighbour (the optimal string alignment distance).
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> distance(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t j = 0; j <= b.size(); ++j) distance[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    distance[i][0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = distance[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      distance[i][j] = std::min({replaced, distance[i - 1][j] + 1, distance[i][j - 1] + 1});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) distance[i][j] = std::min(distance[i][j], distance[i - 2][j - 2] + 1);
    }
  }
  return distance[a.size()][b.size()];
}

}  // namespace

std::string NearestName(std::string_view name, const std::vector<std::string>& candidates) {
  std::string nearest;
  // More than half of the name wrong is no typing error.
  size_t best = std::max<size_t>(name.size() / 2, 1) + 1;
  const std::string typed = absl::AsciiStrToLower(std::string(name));
  for (const std::string& candidate : candidates) {
    // A name begun and not ended is as near as one wrong letter.
    const bool begun = !typed.empty() && absl::StartsWith(candidate, typed);
    const size_t distance =
        begun ? std::min<size_t>(1, candidate.size() - typed.size()) : EditDistance(typed, candidate);
    if (distance < best) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

absl::Status UnknownName(std::string_view kind, std::string_view name, const std::vector<std::string>& candidates) {
  const std::string nearest = NearestName(name, candidates);
  return absl::InvalidArgumentError(absl::StrCat("unknown ", std::string(kind), " '", std::string(name), "'; ",
                                                 nearest.empty() ? "" : absl::StrCat("did you mean '", nearest, "'? "),
                                                 "There are: ", absl::StrJoin(candidates, ", ")));
}

absl::StatusOr<size_t> FindName(std::string_view kind, std::string_view name, const std::vector<std::string>& names) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return UnknownName(kind, name, names);
  return found - names.begin();
}

}  // namespace sid
