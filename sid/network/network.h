#pragma once

// The network that every learner trains: one extractor and one cascade. A plain value of tensors; the same type holds
// its gradients.
//
//   x [B, channels, h, w] --extractor--> z [B, D] --cascade--> log p_1 .. log p_L, each [B, C]

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "sid/network/cascade.h"
#include "sid/network/extractor.h"

namespace sid {

struct NetworkShape {
  int64_t channels = 3;    // of the images
  int64_t classes = 10;    // C
  int64_t depth = 5;       // L
  int64_t features = 128;  // D
  int64_t hidden = 256;    // H
  BeliefUpdate belief_update = BeliefUpdate::kReplace;
};

struct Network {
  Extractor extractor;
  Cascade cascade;
};

// One tensor that the optimizer updates.
struct Parameter {
  std::string name;  // "extractor.1.weight", "cascade.output_bias"
  at::Tensor tensor;
  // Weights decay, biases don't.
  bool decays = true;
};

// Weights not yet initialised (sid/network/initialisation.h), float on the CPU.
Network EmptyNetwork(const NetworkShape& shape);

// Every tensor with its name, always in the same order; they share the network's memory.
std::vector<Parameter> Parameters(const Network& network);
std::vector<Parameter> Parameters(const Extractor& extractor);
std::vector<Parameter> Parameters(const Cascade& cascade);
std::vector<at::Tensor> Tensors(const std::vector<Parameter>& parameters);
std::vector<at::Tensor> Tensors(const Network& network);

// The same network with every tensor passed through: moved, converted, cloned ...
Network CloneTo(const Network& network, at::Device device, at::ScalarType type);
// ... the same tensors where they are of that type already, else casts with their graph: products in another precision
// than the weights (base/machine/precision.h) ...
Extractor Cast(Extractor extractor, at::ScalarType type);
Cascade Cast(Cascade cascade, at::ScalarType type);
Network Cast(const Network& network, at::ScalarType type);
// ... or zeros of the same shapes, types and memory layout, to hold gradients.
Network ZerosLike(const Network& network);

// Turns gradients on for every tensor, or off.
void RequireGradients(const Network& network, bool on);

// The belief chain, module after module: log p_0 .. log p_L, L+1 of them, each [B, C], from z [B, D]. Builds a graph where
// gradients are on and the weights require them.
std::vector<at::Tensor> Beliefs(const Cascade& cascade, const at::Tensor& features);

// Inference, which training leaves as it is: log p_1 .. log p_L, [L, B, C]. Builds no graph.
at::Tensor Predict(const Network& network, const at::Tensor& images);

}  // namespace sid
