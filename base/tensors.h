#pragma once

// A tensor with its name, its role and the module that it belongs to: what optimizers, checkpoints, probes and counters walk over.
//
//   role        what                                       decays  learns  cast to the products' type
//   kFactor     of a product                               yes     yes     yes
//   kBias       added to a product; positions, tokens      no      yes     yes
//   kScale      scale and shift of a normalisation         no      yes     no, as normalisations compute in float32
//   kStatistic  running mean and variance                  no      no      no; the training pass writes it
//   kMoment     what an optimizer remembers: momentum ...  no      no      no
//   kSecondMoment  ... and Adam's mean squares             no      no      no

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace sid {

enum class Role { kFactor, kBias, kScale, kStatistic, kMoment, kSecondMoment };

inline constexpr int64_t kNobody = -1;

struct NamedTensor {
  std::string name;   // "blocks.3.weight", "heads.1.output_bias", "first_moment.heads.1.output_bias"
  at::Tensor tensor;  // shares its owner's memory
  Role role = Role::kFactor;
  // Of stacked heads [n, ...] the first one's module, counted from 0: row i is of module `first_module` + i.
  int64_t first_module = kNobody;

  bool is_moment() const { return role == Role::kMoment || role == Role::kSecondMoment; }
  bool learns() const { return role != Role::kStatistic && !is_moment(); }
  bool decays() const { return role == Role::kFactor; }
};

inline std::vector<at::Tensor> Tensors(const std::vector<NamedTensor>& named) {
  std::vector<at::Tensor> tensors;
  tensors.reserve(named.size());
  for (const NamedTensor& one : named) tensors.push_back(one.tensor);
  return tensors;
}

// Those that `keep` wants, in their order.
template <typename Predicate>
std::vector<NamedTensor> Select(std::vector<NamedTensor> named, const Predicate& keep) {
  std::erase_if(named, [&](const NamedTensor& one) { return !keep(one); });
  return named;
}

inline std::vector<NamedTensor> Learning(std::vector<NamedTensor> named) {
  return Select(std::move(named), [](const NamedTensor& one) { return one.learns(); });
}

}  // namespace sid
