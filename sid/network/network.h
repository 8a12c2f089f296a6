#pragma once

// The network that every learner trains: blocks, and modules that own them. A plain value of tensors.
//
//   x --blocks of stage 1--> h_1 --blocks of stage 2--> h_2 --> ... h_K
//                             |                          |
//                          read-out z_1               read-out z_2
//                             |                          |
//   p_0 = 1/C -----------> heads 1..n --p_n--------> heads n+1.. --> ...   log p_1 .. log p_L, each [B, C]
//
// A stage is a module that owns blocks, with the modules without blocks behind it: exactly what no stop-gradient separates. The
// paper's network is one stage with L heads; a network split among K modules is K stages.

#include <ATen/core/Tensor.h>

#include <functional>
#include <string>
#include <vector>

#include "sid/network/architectures.h"
#include "sid/network/heads.h"
#include "sid/network/partition.h"

namespace sid {

struct Stage {
  int64_t first_block = 0, first_module = 0;  // counted from 0 over the network
  std::vector<Block> blocks;
  std::vector<BlockTensors> tensors;  // tensors[b] are blocks[b]'s
  Block read_out;                     // h -> z, times HeadShape::feature_scale
  BlockTensors read_out_tensors;
  Cascade heads;  // of the stage's modules
};

struct Network {
  std::vector<Stage> stages;

  int64_t depth() const { return stages.back().first_module + stages.back().heads.depth(); }
  int64_t classes() const { return stages.back().heads.classes(); }
  at::ScalarType type() const { return stages.back().heads.output_bias.scalar_type(); }
  at::Device device() const { return stages.back().heads.output_bias.device(); }
};

// Weights not yet initialised (sid/network/initialisation.h), float on the CPU. `given` is the shape of the features where the
// architecture has no blocks.
Network EmptyNetwork(const Architecture& architecture, const Partition& partition, const HeadShape& head,
                     int64_t classes, const Shape& given = {});

// The paper's: simple-cnn shared by all modules.
struct NetworkShape {
  int64_t channels = 3;    // of the images
  int64_t classes = 10;    // C
  int64_t depth = 5;       // L
  int64_t features = 128;  // D
  int64_t hidden = 256;    // H
  BeliefUpdate belief_update = BeliefUpdate::kReplace;
  bool extractor = true;  // false: the features [B, D] are given
};
Network EmptyNetwork(const NetworkShape& shape);

// One block of a stage with its tensors, which it shares, and nothing else.
Stage OnlyBlock(const Stage& stage, size_t block);

// Every tensor with its name, always in the same order; they share the network's memory. Names do not depend on who computes:
// "blocks.3.convolution_1.weight", "heads.1.output_bias" (stacked, from module 1 on), "read_out.1.norm.weight".
std::vector<NamedTensor> AllTensors(const Network& network);
std::vector<NamedTensor> AllTensors(const Stage& stage);
// Of its blocks and its read-out alone ...
std::vector<NamedTensor> BodyTensors(const Stage& stage);
// ... and of heads, the first of which is module `first_module`'s, counted from 0.
std::vector<NamedTensor> HeadTensors(const Cascade& heads, int64_t first_module);
std::vector<at::Tensor> Tensors(const Network& network);

// The same network with every tensor passed through: moved, converted, cloned ...
Network CloneTo(const Network& network, at::Device device, at::ScalarType type);
// ... as factors of products in another precision than the weights (base/machine/precision.h): casts, with their graph, by role ...
Stage CastBody(Stage stage, at::ScalarType type);  // all but the heads
Network Cast(Network network, at::ScalarType type);
// ... or as leaves of an autograd graph yet to be built, but for statistics; memory is shared. Of a stage, its blocks and read-out.
Stage WithLeaves(Stage stage);
Network WithLeaves(Network network);

// h [B, ...] and z = read-out of h, of the stage's type. Builds a graph where gradients are on and the weights require them.
struct BodyResult {
  at::Tensor output, features;
  at::Tensor last_input;  // what the stage's last block saw
};
BodyResult RunBody(const Stage& stage, const at::Tensor& input, const Pass& pass);

// The whole forward pass; builds a graph as RunBody does.
struct ForwardResult {
  at::Tensor log_beliefs;  // log p_0 .. log p_L [L+1, B, C]
  at::Tensor features;     // z of the last stage
};
ForwardResult Forward(const Network& network, const at::Tensor& images, const Pass& pass);

// Inference, which training leaves as it is: log p_0 .. log p_L, [L+1, B, C]. Builds no graph.
at::Tensor Predict(const Network& network, const at::Tensor& images);

}  // namespace sid
