#pragma once

// How a whole is shared out among workers or ranks.

#include <algorithm>
#include <cstdint>
#include <vector>

#include "sid/network/partition.h"

namespace sid {

// Of a whole that is shared out: from `begin` on `size` examples.
struct Share {
  int64_t begin = 0, size = 0;
};

// Share `index` of `count`: sizes differ by at most one, the larger ones come first.
inline Share ShareOf(int64_t examples, int64_t count, int64_t index) {
  const int64_t least = examples / count, larger = examples % count;
  return {index * least + std::min(index, larger), least + (index < larger ? 1 : 0)};
}

// Neighbours whose `costs` are known, in `count` runs as equal in cost as can be: makes Run(begin, end) of each by `make`.
template <class Make>
auto InRuns(const std::vector<double>& costs, int64_t count, const Make& make) {
  std::vector<decltype(make(size_t{}, size_t{}))> runs;
  size_t begin = 0;
  for (const int64_t size : Balance(costs, count)) {
    runs.push_back(make(begin, begin + size));
    begin += size;
  }
  return runs;
}

}  // namespace sid
