#pragma once

// Sums of gradients over ranks, in buckets, while the way back goes on (DistributedDataParallel's scheme, Li et al. 2020).
//
//   way back:   g_5  g_4 | g_3  g_2 | g_1            hooks of the leaves copy each gradient to its place in a bucket
//   sums:            bucket 1 ------>
//                                bucket 2 ---->      a bucket begins as soon as it and all before it are full, on every rank alike
//
// Buckets fill from the last weight to the first, as gradients come.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <vector>

namespace sid {

class Buckets {
 public:
  // Begins a sum, in place; what it returns waits for it (pipeline/collectives.h).
  using Begin = std::function<std::function<void()>(const at::Tensor&)>;

  // For the gradients of `weights`, about `bytes` in each bucket, at least one gradient.
  Buckets(const std::vector<at::Tensor>& weights, int64_t bytes, Begin begin);

  // The next way back is that of these leaves of the weights.
  void Watch(const std::vector<at::Tensor>& leaves);

  // Waits for the sums, in the weights' order and layout; valid until the next way back. Without one since the last call this rank adds zeros.
  std::vector<at::Tensor> Sums();

  int64_t bytes() const;  // of all buckets

 private:
  struct Bucket {
    at::Tensor flat;
    size_t gradients = 0, there = 0;
  };
  struct Place {
    size_t bucket;
    at::Tensor gradient;  // a view of the bucket's, laid out as the weight
  };
  void Take(size_t weight, const at::Tensor& gradient);
  void BeginNext();

  Begin begin_;
  std::vector<Bucket> buckets_;
  std::vector<Place> places_;  // of each weight
  std::vector<std::function<void()>> begun_;
};

}  // namespace sid
