#pragma once

#include <algorithm>
#include <cstdint>

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

}  // namespace sid
