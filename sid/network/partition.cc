#include "sid/network/partition.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/status.h"

namespace sid {
namespace {

constexpr int64_t kMostModules = 100'000;

absl::Status Bad(const std::string& text, const std::string& why) {
  return absl::InvalidArgumentError(absl::StrCat(
      "partition '", text, "' ", why, ": give shared:L, even:K, lean:K or the blocks of each module, as 3,2,2,2"));
}

absl::StatusOr<Partition> ParseList(const std::string& text, const std::vector<Block>& blocks) {
  Partition partition;
  for (const absl::string_view item : absl::StrSplit(text, ',')) {
    int64_t count = 0;
    if (!absl::SimpleAtoi(item, &count) || count < 0) return Bad(text, absl::StrCat("holds '", item, "'"));
    // No sum of them overflows.
    partition.push_back(std::min<int64_t>(count, blocks.size() + 1));
  }
  const int64_t sum = std::accumulate(partition.begin(), partition.end(), int64_t{0});
  if (sum != static_cast<int64_t>(blocks.size())) {
    return Bad(text, absl::StrCat("does not cover the network's ", blocks.size(), " blocks"));
  }
  if (sum > 0 && partition[0] == 0) return Bad(text, "leaves the first module without a block to read");
  return partition;
}

}  // namespace

Partition Balance(const std::vector<double>& costs, int64_t modules) {
  const auto count = static_cast<int64_t>(costs.size());
  // best[k][b]: the least possible most expensive run of blocks b .. in k runs, and how many blocks the first of them has.
  struct Choice {
    double most = std::numeric_limits<double>::infinity();
    int64_t first = 0;
  };
  std::vector<std::vector<Choice>> best(modules + 1, std::vector<Choice>(count + 1));
  best[0][count].most = 0;
  for (int64_t k = 1; k <= modules; ++k) {
    for (int64_t begin = 0; begin < count; ++begin) {
      double run = 0;
      for (int64_t end = begin + 1; end <= count; ++end) {
        run += costs[end - 1];
        const double most = std::max(run, best[k - 1][end].most);
        if (most < best[k][begin].most) best[k][begin] = {most, end - begin};
      }
    }
  }
  Partition partition;
  for (int64_t k = modules, begin = 0; k > 0; --k) {
    partition.push_back(best[k][begin].first);
    begin += partition.back();
  }
  return partition;
}

absl::StatusOr<Partition> ParsePartition(const std::string& text, int64_t depth, const std::vector<Block>& blocks) {
  const std::vector<std::string> parts = absl::StrSplit(text, absl::MaxSplits(':', 1));
  const std::string& kind = parts[0];
  const bool shared = kind == "shared";
  if (!shared && kind != "even" && kind != "lean") return ParseList(text, blocks);
  int64_t modules = depth;
  if (parts.size() == 2 && (!absl::SimpleAtoi(parts[1], &modules) || modules < 1 || modules > kMostModules)) {
    return Bad(text, absl::StrCat("names '", parts[1], "' modules"));
  }
  if (shared) {
    Partition partition(modules, 0);
    partition[0] = static_cast<int64_t>(blocks.size());
    return partition;
  }
  if (modules > static_cast<int64_t>(blocks.size())) {
    return Bad(text,
               absl::StrCat("asks for ", modules, " modules that own blocks, and the network has ", blocks.size()));
  }
  std::vector<double> costs;
  for (const Block& block : blocks) costs.push_back(kind == "even" ? block.cost.flops : block.cost.activations);
  return Balance(costs, modules);
}

}  // namespace sid
