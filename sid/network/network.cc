#include "sid/network/network.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/stack.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "sid/belief/belief.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

BlockTensors EmptyTensors(const Block& block) {
  BlockTensors tensors;
  for (const TensorSpec& spec : block.specs) {
    const bool map = spec.shape.size() == 4;
    tensors.push_back(at::empty(spec.shape, map ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous));
  }
  return tensors;
}

// The one place that lists a body's tensors. A tensor is passed by reference, so `visit` may replace it.
template <typename AnyStage, typename Visitor>
void VisitBody(AnyStage& stage, const Visitor& visit) {
  const auto block = [&](const std::string& name, const Block& own, auto& tensors) {
    for (size_t k = 0; k < tensors.size(); ++k) {
      visit(absl::StrCat(name, ".", own.specs[k].name), tensors[k], own.specs[k].role);
    }
  };
  for (size_t b = 0; b < stage.blocks.size(); ++b) {
    block(absl::StrCat("blocks.", stage.first_block + static_cast<int64_t>(b) + 1), stage.blocks[b], stage.tensors[b]);
  }
  block(absl::StrCat("read_out.", stage.first_module + 1), stage.read_out, stage.read_out_tensors);
}

template <typename Function>  // (tensor, role) -> tensor
Stage Map(Stage stage, const Function& function) {
  VisitBody(stage, [&](const std::string&, at::Tensor& tensor, Role role) { tensor = function(tensor, role); });
  VisitCascade(stage.heads, [&](const char*, at::Tensor& tensor, Role role) { tensor = function(tensor, role); });
  return stage;
}

}  // namespace

Network EmptyNetwork(const Architecture& architecture, const Partition& partition, const HeadShape& head,
                     int64_t classes, const Shape& given) {
  Network network;
  int64_t block = 0;
  for (size_t module = 0; module < partition.size();) {
    Stage stage{.first_block = block, .first_module = static_cast<int64_t>(module)};
    for (int64_t end = block + partition[module]; block < end; ++block) {
      stage.blocks.push_back(architecture.blocks.at(block));
      stage.tensors.push_back(EmptyTensors(stage.blocks.back()));
    }
    const Shape output = stage.blocks.empty() ? given : stage.blocks.back().output;
    const bool convolves = head.kind == HeadKind::kConv;
    stage.read_out = (convolves ? ReadOutOfMaps : ReadOut)(output, architecture.read_out);
    if (head.feature_scale != 1) stage.read_out = Scaled(std::move(stage.read_out), head.feature_scale);
    stage.read_out_tensors = EmptyTensors(stage.read_out);
    int64_t depth = 1;
    while (++module < partition.size() && partition[module] == 0) ++depth;
    stage.heads = EmptyCascade(depth, head, stage.read_out.output, classes);
    network.stages.push_back(std::move(stage));
  }
  CHECK_EQ(block, static_cast<int64_t>(architecture.blocks.size())) << "a partition that does not cover the blocks";
  return network;
}

Network EmptyNetwork(const NetworkShape& shape) {
  const ArchitectureOptions options{
      .name = shape.extractor ? "simple-cnn" : "none", .image = {shape.channels, 32, 32}, .features = shape.features};
  const Architecture architecture = MakeArchitecture(options).value();
  Partition partition(shape.depth, 0);
  partition[0] = static_cast<int64_t>(architecture.blocks.size());
  return EmptyNetwork(architecture, partition, {.hidden = shape.hidden, .belief_update = shape.belief_update},
                      shape.classes, {shape.features});
}

std::vector<NamedTensor> BodyTensors(const Stage& stage) {
  std::vector<NamedTensor> tensors;
  VisitBody(stage, [&](const std::string& name, const at::Tensor& tensor, Role role) {
    tensors.push_back({name, tensor, role});
  });
  return tensors;
}

std::vector<NamedTensor> HeadTensors(const Cascade& heads, int64_t first_module) {
  std::vector<NamedTensor> tensors;
  VisitCascade(heads, [&](const char* name, const at::Tensor& tensor, Role role) {
    tensors.push_back({absl::StrCat("heads.", first_module + 1, ".", name), tensor, role, first_module});
  });
  return tensors;
}

std::vector<NamedTensor> AllTensors(const Stage& stage) {
  std::vector<NamedTensor> tensors = BodyTensors(stage);
  for (NamedTensor& tensor : HeadTensors(stage.heads, stage.first_module)) tensors.push_back(std::move(tensor));
  return tensors;
}

Stage OnlyBlock(const Stage& stage, size_t block) {
  return {.first_block = stage.first_block + static_cast<int64_t>(block),
          .blocks = {stage.blocks[block]},
          .tensors = {stage.tensors[block]}};
}

std::vector<NamedTensor> AllTensors(const Network& network) {
  std::vector<NamedTensor> tensors;
  for (const Stage& stage : network.stages) {
    for (NamedTensor& tensor : AllTensors(stage)) tensors.push_back(std::move(tensor));
  }
  return tensors;
}

std::vector<at::Tensor> Tensors(const Network& network) { return Tensors(AllTensors(network)); }

Network CloneTo(const Network& network, at::Device device, at::ScalarType type) {
  Network clone;
  for (const Stage& stage : network.stages) {
    clone.stages.push_back(Map(stage, [&](const at::Tensor& tensor, Role) {
      return tensor.detach().to(device, type, /*non_blocking=*/false, /*copy=*/true);
    }));
  }
  return clone;
}

Stage CastBody(Stage stage, at::ScalarType type) {
  VisitBody(stage, [type](const std::string&, at::Tensor& tensor, Role role) {
    if (role == Role::kFactor || role == Role::kBias) tensor = tensor.to(type);
  });
  return stage;
}

Network Cast(Network network, at::ScalarType type) {
  for (Stage& stage : network.stages) {
    stage = CastBody(std::move(stage), type);
    stage.heads = Cast(std::move(stage.heads), type);
  }
  return network;
}

Stage WithLeaves(Stage stage) {
  VisitBody(stage, [](const std::string&, at::Tensor& tensor, Role role) {
    if (role != Role::kStatistic) tensor = tensor.detach().requires_grad_(true);
  });
  return stage;
}

Network WithLeaves(Network network) {
  for (Stage& stage : network.stages) {
    stage = WithLeaves(std::move(stage));
    VisitCascade(stage.heads,
                 [](const char*, at::Tensor& tensor, Role) { tensor = tensor.detach().requires_grad_(true); });
  }
  return network;
}

BodyResult RunBody(const Stage& stage, const at::Tensor& input, const Pass& pass) {
  at::Tensor h = input, last_input = input;
  for (size_t b = 0; b < stage.blocks.size(); ++b) {
    last_input = h;
    h = stage.blocks[b].forward(h, stage.tensors[b], pass);
  }
  return {h, stage.read_out.forward(h, stage.read_out_tensors, pass), last_input};
}

ForwardResult Forward(const Network& network, const at::Tensor& images, const Pass& pass) {
  at::Tensor h = images, features;
  std::vector<at::Tensor> log_beliefs{UniformBelief(images.size(0), network.classes(), images.options())};
  for (const Stage& stage : network.stages) {
    const BodyResult body = RunBody(stage, h, pass);
    const std::vector<at::Tensor> own = Beliefs(stage.heads, body.features, log_beliefs.back());
    log_beliefs.insert(log_beliefs.end(), own.begin() + 1, own.end());
    h = body.output;
    features = body.features;
  }
  return {at::stack(log_beliefs), features};
}

at::Tensor Predict(const Network& network, const at::Tensor& images) {
  const at::NoGradGuard no_grad;
  return Forward(network, images, {}).log_beliefs;
}

}  // namespace sid
