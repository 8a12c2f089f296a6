#pragma once

// The chain's products of a few rows with a weight matrix, by all threads of a block.
//
//   in [kRows, inner] weight [inner, columns] --> the sum of `parts` arrays [kRows, columns] in shared memory
//
// A thread multiplies four rows with four columns, and sums every parts-th four of the inner numbers. Arrays in shared memory have a pitch,
// with which neighbouring threads meet in no bank (chain_test counts).

#include <cstdint>

#include "sid/cascade/kernel/quad.h"

namespace sid::kernels {

// From one row of an array in shared memory to the next: an odd number of fours, so that 8 of them lie in different banks.
SID_HOST_DEVICE constexpr int PitchOf(int columns) { return (QuadsOf(columns) | 1) * kQuad; }

// Tiles of a matrix, and the parts of the work on each.
struct Split {
  int tiles, parts;
};

// As many parts as threads can take, and then as few as take no longer.
template <int kRows>
SID_HOST_DEVICE Split SplitOf(int threads, int inner, int columns) {
  const int tiles = QuadsOf(columns) * (kRows / kQuad), most = tiles < threads ? threads / tiles : 1;
  const int steps = (QuadsOf(inner) + most - 1) / most;
  return {tiles, (QuadsOf(inner) + steps - 1) / steps};
}

// A thread's: its part of the tiles `first`, first + threads and so on. Where tiles have parts, these are one; a thread that is left over
// has none. It is computed once, as divisions take longer than a product's steps.
struct Share {
  int first, part, tiles, parts;
};

SID_HOST_DEVICE Share ShareOf(int thread, const Split& split) {
  const int part = thread / split.tiles;
  return {part < split.parts ? thread % split.tiles : split.tiles, part, split.tiles, split.parts};
}

// Where a part's sum of a row and column lies.
template <int kRows>
SID_HOST_DEVICE int PartialPlace(int part, int row, int column, int pitch) {
  return (part * kRows + row) * pitch + column;
}

// `inner` and `columns` are numbers of whole fours, of weights `stride` apart.
template <int kRows, typename Storage, typename Number, typename Team>
SID_HOST_DEVICE void PartialProducts(const Team& team, const Share& share, const Number* in, const Storage* weight,
                                     int inner, int columns, int stride, Number* partial) {
  static_assert(kRows % kQuad == 0);
  const int in_pitch = PitchOf(inner), pitch = PitchOf(columns);
  for (int tile = share.first; tile < share.tiles; tile += team.threads()) {
    // Neighbours share columns: their weights are read once.
    const int row = tile % (kRows / kQuad) * kQuad, column = tile / (kRows / kQuad) * kQuad;
    Quad<Number> sum[kQuad] = {};
    for (int k = share.part * kQuad; k < inner; k += share.parts * kQuad) {
      Quad<Number> rows[kQuad], weights[kQuad];
      for (int j = 0; j < kQuad; ++j) {
        weights[j] = Load<Number>(weight + static_cast<int64_t>(k + j) * stride + column);
        rows[j] = Load<Number>(in + (row + j) * in_pitch + k);
      }
      for (int j = 0; j < kQuad; ++j) {
        for (int r = 0; r < kQuad; ++r) {
          for (int c = 0; c < kQuad; ++c) sum[r].value[c] += rows[r].value[j] * weights[j].value[c];
        }
      }
    }
    for (int r = 0; r < kQuad; ++r) Store(sum[r], partial + PartialPlace<kRows>(share.part, row + r, column, pitch));
  }
}

}  // namespace sid::kernels
