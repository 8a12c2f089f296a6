#include "pipeline/buckets.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>

#include <utility>

#include "third_party/logging/logging.h"

namespace sid {

Buckets::Buckets(const std::vector<at::Tensor>& weights, int64_t bytes, Begin begin)
    : begin_(std::move(begin)), places_(weights.size()) {
  for (size_t end = weights.size(); end > 0;) {
    size_t first = end;
    int64_t numbers = 0;
    while (first > 0 && (first == end || numbers * weights[0].element_size() < bytes))
      numbers += weights[--first].numel();
    Bucket bucket{at::empty({numbers}, weights[0].options()), end - first};
    for (int64_t offset = 0; end > first; offset += weights[end].numel()) {
      const at::Tensor& weight = weights[--end];
      CHECK(weight.is_non_overlapping_and_dense());
      places_[end] = {buckets_.size(), bucket.flat.as_strided(weight.sizes(), weight.strides(), offset)};
    }
    buckets_.push_back(std::move(bucket));
  }
}

void Buckets::Watch(const std::vector<at::Tensor>& leaves) {
  CHECK_EQ(leaves.size(), places_.size());
  for (size_t k = 0; k < leaves.size(); ++k)
    leaves[k].register_hook([this, k](const at::Tensor& gradient) { Take(k, gradient); });
}

void Buckets::Take(size_t weight, const at::Tensor& gradient) {
  const at::NoGradGuard no_graph;
  places_[weight].gradient.copy_(gradient);
  ++buckets_[places_[weight].bucket].there;
  while (begun_.size() < buckets_.size() && buckets_[begun_.size()].there == buckets_[begun_.size()].gradients)
    BeginNext();
}

void Buckets::BeginNext() {
  Bucket& next = buckets_[begun_.size()];
  next.there = 0;
  begun_.push_back(begin_(next.flat));
}

std::vector<at::Tensor> Buckets::Sums() {
  while (begun_.size() < buckets_.size()) {
    Bucket& next = buckets_[begun_.size()];
    CHECK_EQ(next.there, 0u) << "a way back that has not given all gradients";
    next.flat.zero_();
    BeginNext();
  }
  for (const auto& wait : begun_) wait();
  begun_.clear();
  std::vector<at::Tensor> sums;
  for (const Place& place : places_) sums.push_back(place.gradient);
  return sums;
}

int64_t Buckets::bytes() const {
  int64_t bytes = 0;
  for (const Bucket& bucket : buckets_) bytes += static_cast<int64_t>(bucket.flat.nbytes());
  return bytes;
}

}  // namespace sid
