#pragma once

// Random numbers that depend on nothing but what they are for: every use has a generator of its own, made from the
// run's seed and the numbers that name the use (purpose, epoch, ...). So the order of calls, the device and the learner
// change nothing, and a resumed run draws what the unbroken one would have drawn.

#include <ATen/core/Generator.h>

#include <cstdint>
#include <initializer_list>

namespace sid {

// One value for each use; the numbers are part of what a seed means, so they never change.
enum class RandomUse : uint64_t {
  kInitialisation = 1,
  kOrder = 2,
  kAugmentation = 3,
  kLabelNoise = 4,
  kValidationSplit = 5,
  kSynthetic = 6,
  kMnistMini = 7,
  kBenchmarkOrder = 9,
  kSubset = 10,
  kCutout = 11,
  kFeedback = 12,        // what errors go back through
  kLearnerWeights = 13,  // of the small networks that a learner adds
  kWrongLabels = 14,
  kDenoising = 15,
};

// A 64-bit hash (splitmix64, chained) of the seed, the use and further numbers.
uint64_t MixSeed(uint64_t seed, RandomUse use, std::initializer_list<uint64_t> numbers = {});

// A generator for LibTorch's random functions on CPU tensors. Draw there and copy: then CPU and GPU see the same
// numbers.
at::Generator MakeGenerator(uint64_t seed, RandomUse use, std::initializer_list<uint64_t> numbers = {});

}  // namespace sid
