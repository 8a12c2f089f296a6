#include "base/random.h"

#include <ATen/CPUGeneratorImpl.h>

namespace sid {
namespace {

uint64_t SplitMix64(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

}  // namespace

uint64_t MixSeed(uint64_t seed, RandomUse use, std::initializer_list<uint64_t> numbers) {
  uint64_t mixed = SplitMix64(SplitMix64(seed) ^ static_cast<uint64_t>(use));
  for (const uint64_t number : numbers) mixed = SplitMix64(mixed ^ number);
  return mixed;
}

at::Generator MakeGenerator(uint64_t seed, RandomUse use, std::initializer_list<uint64_t> numbers) {
  return at::detail::createCPUGenerator(MixSeed(seed, use, numbers));
}

}  // namespace sid
