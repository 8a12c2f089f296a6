#pragma once

// Heads: what states a module's belief, from the features that it sees and the belief of the module before it.
//
//   mlp     f_i = W2_i relu(W1_i [p_{i-1}; z] + b1_i) + b2_i                 the paper's two-layer perceptron; z [B, D]
//   linear  f_i = W_i [p_{i-1}; z] + b_i
//   conv    f_i = W2_i relu(max over positions of (K_i * z) + Wp_i p_{i-1} + b1_i) + b2_i     z [B, D, h, w], K_i 3x3
//
//   replace   logits_i = f_i                  the paper's: a module states the belief anew
//   residual  logits_i = log p_{i-1} + f_i    it states what to change: with f_i = 0 it passes its input on
//
// Without belief input there is no p_{i-1} in f_i.
//
// Heads on the same features are a cascade and their weights are stored stacked, one tensor over all n, and W1_i in its two
// parts: what multiplies the belief and what multiplies the features. So the features' part of all heads is one matrix product, and
// the optimizer sees five tensors for any n. A head's own weights are views into them.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "sid/network/block.h"

namespace sid {

enum class HeadKind { kMlp, kLinear, kConv };
std::vector<std::string> HeadKindNames();
absl::StatusOr<HeadKind> ParseHeadKind(const std::string& name);

// How a head's output becomes its logits.
enum class BeliefUpdate { kReplace, kResidual };
std::vector<std::string> BeliefUpdateNames();
absl::StatusOr<BeliefUpdate> ParseBeliefUpdate(const std::string& name);

struct HeadShape {
  HeadKind kind = HeadKind::kMlp;
  int64_t hidden = 256;  // H of mlp and conv
  bool belief_input = true;
  BeliefUpdate belief_update = BeliefUpdate::kReplace;
  double feature_scale = 1;  // z is the read-out times this
};

// logits_i [B, C] from f_i [B, C] and log p_{i-1} [B, C].
at::Tensor Logits(BeliefUpdate update, const at::Tensor& output, const at::Tensor& log_belief);

// One head's weights. `linear` has the first layer alone, with C rows and the output's bias.
struct Head {
  at::Tensor belief_weight;   // [H, C]  the columns of p; undefined: sees no belief
  at::Tensor feature_weight;  // [H, D]  the columns of z; conv: [H, D, 3, 3]
  at::Tensor hidden_bias;     // [H]     undefined: linear
  at::Tensor output_weight;   // [C, H]  undefined: linear
  at::Tensor output_bias;     // [C]
  BeliefUpdate belief_update = BeliefUpdate::kReplace;

  // The first layer before its ReLU [B, H], from log p_{i-1} [B, C] and z.
  at::Tensor FirstLayer(const at::Tensor& log_belief, const at::Tensor& features) const;
  // f_i [B, C] and logits_i [B, C].
  at::Tensor Output(const at::Tensor& log_belief, const at::Tensor& features) const;
  // f_i where any `input` [B, C] stands in the belief's place, and where gradients by z and by the hidden units go back through
  // `feedback` (as Pass::feedback), if given.
  at::Tensor OutputOf(const at::Tensor& input, const at::Tensor& features, const Head* feedback = nullptr) const;
  at::Tensor Forward(const at::Tensor& log_belief, const at::Tensor& features) const;

  // Those that are defined, in the order above.
  std::vector<at::Tensor> Weights() const;
  // The same weights, sharing memory, as leaves of an autograd graph yet to be built.
  Head Leaves() const;
};

// n heads on the same features: the tensors of Head with [n, ...] before their shapes.
struct Cascade {
  at::Tensor belief_weight, feature_weight, hidden_bias, output_weight, output_bias;
  BeliefUpdate belief_update = BeliefUpdate::kReplace;

  int64_t depth() const { return output_bias.size(0); }
  int64_t classes() const { return output_bias.size(1); }
  // Whether heads are mlp: those that sid/cascade computes in closed form.
  bool perceptrons() const { return hidden_bias.defined() && feature_weight.dim() == 3; }
  bool belief_input() const { return belief_weight.defined(); }
  Head at(int64_t index) const;
  // Heads [begin, end) as a cascade of views.
  Cascade Slice(int64_t begin, int64_t end) const;
};

// Weights not yet initialised, for features of shape [D] or [D, h, w]: on a vector `conv` is `mlp`.
Cascade EmptyCascade(int64_t depth, const HeadShape& shape, const Shape& features, int64_t classes);

// The one place that lists a cascade's tensors; undefined ones are left out. `visit(name, tensor, role)` may replace the tensor.
template <typename AnyCascade, typename Visitor>
void VisitCascade(AnyCascade& cascade, const Visitor& visit) {
  const auto defined = [&](const char* name, auto& tensor, Role role) {
    if (tensor.defined()) visit(name, tensor, role);
  };
  defined("belief_weight", cascade.belief_weight, Role::kFactor);
  defined("feature_weight", cascade.feature_weight, Role::kFactor);
  defined("hidden_bias", cascade.hidden_bias, Role::kBias);
  defined("output_weight", cascade.output_weight, Role::kFactor);
  defined("output_bias", cascade.output_bias, Role::kBias);
}

std::vector<at::Tensor> Tensors(const Cascade& cascade);
Cascade ZerosLike(Cascade cascade);
// The same tensors where they are of that type already, else casts with their graph.
Cascade Cast(Cascade cascade, at::ScalarType type);

// The belief chain, head after head: log q and log p_1 .. log p_n, n+1 of them, each [B, C]. Builds a graph where gradients are on
// and the weights require them.
std::vector<at::Tensor> Beliefs(const Cascade& cascade, const at::Tensor& features, const at::Tensor& log_q);

}  // namespace sid
