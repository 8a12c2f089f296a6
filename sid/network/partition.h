#pragma once

// Which blocks of a network each module owns: how many, one after the other.
//
//   blocks    1 2 3 4 5 6                of resnet9 on 32 x 32 pixels
//   shared:4  6,0,0,0      the paper's: one extractor that all modules share, trained by all of them
//   even:4    1,1,2,2      each module owns blocks of about the same number of flops
//   lean:4    1,1,1,3      ... of about the same number of activations, which is what training keeps in memory
//   3,0,3,0                both at once: two modules on each half
//
// A module without blocks reads the features of the one before. No gradient passes from a module to the blocks of another one.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "sid/network/block.h"

namespace sid {

using Partition = std::vector<int64_t>;  // blocks of each module

// From "shared" (of `depth` modules), "shared:8", "even:4", "lean:4" or a list. InvalidArgument, one line, for another text, more owners
// than blocks, a list that does not cover the blocks or begins with 0.
absl::StatusOr<Partition> ParsePartition(const std::string& text, int64_t depth, const std::vector<Block>& blocks);

// `modules` runs of `costs` whose most expensive one is as cheap as can be; the first of equals has the fewest at the front.
Partition Balance(const std::vector<double>& costs, int64_t modules);

}  // namespace sid
