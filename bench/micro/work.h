#pragma once

// Pieces of work of known size, for micro-benchmarks: what steps are made of, and what shows how much this machine can do at most, beside which
// a rate means something.

#include <c10/core/Device.h>

#include <functional>
#include <string>
#include <vector>

namespace sid {

struct Work {
  double bytes = 0, flops = 0;  // that it must move, and compute; 0 where nothing is, or nobody counted
  std::function<void()> run;
};

struct NamedWork {
  std::string name;
  std::function<Work()> make;  // with its tensors, so that they exist while it runs only
};

// What steps are made of, B = D = 128, C = 100, H = 256: the belief chain, the update of all modules, the optimizer. The number in a name is
// the depth.
std::vector<NamedWork> Primitives(at::Device device);

// What the device can do: a copy larger than any cache, a large matrix product, and a convolution, the kind that most of a step goes to.
std::vector<NamedWork> Bounds(at::Device device);

}  // namespace sid
