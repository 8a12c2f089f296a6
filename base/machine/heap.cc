#include "base/machine/heap.h"

#include <malloc.h>

#include <climits>

namespace sid {

void KeepFreedMemory() {
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, INT_MAX);
}

}  // namespace sid
