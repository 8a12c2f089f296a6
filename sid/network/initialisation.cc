#include "sid/network/initialisation.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/concat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linalg_qr.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "absl/strings/str_cat.h"
#include "base/random.h"
#include "base/status.h"
#include "base/text.h"
#include "sid/belief/belief.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

// Fills a weight [out, in, ...], of whatever shape and layout, and its bias where it has one.
using LayerFiller = std::function<void(at::Generator&, at::Tensor weight, at::Tensor bias)>;

double Fan(const at::Tensor& weight, int64_t dimension) {
  return static_cast<double>(weight.numel()) / static_cast<double>(weight.size(dimension));
}
double FanIn(const at::Tensor& weight) { return Fan(weight, 0); }
double FanOut(const at::Tensor& weight) { return Fan(weight, 1); }

void FillPyTorch(at::Generator& generator, at::Tensor weight, at::Tensor bias) {
  const double bound = 1 / std::sqrt(FanIn(weight));
  weight.uniform_(-bound, bound, generator);
  if (bias.defined()) bias.uniform_(-bound, bound, generator);
}

void FillKaiming(at::Generator& generator, at::Tensor weight, at::Tensor bias) {
  weight.normal_(0, std::sqrt(2 / FanIn(weight)), generator);
  if (bias.defined()) bias.zero_();
}

void FillXavier(at::Generator& generator, at::Tensor weight, at::Tensor bias) {
  const double bound = std::sqrt(6 / (FanIn(weight) + FanOut(weight)));
  weight.uniform_(-bound, bound, generator);
  if (bias.defined()) bias.zero_();
}

// Orthonormal rows or columns, whichever are fewer.
void FillOrthonormal(at::Generator& generator, at::Tensor weight, at::Tensor bias) {
  const int64_t rows = weight.size(0), columns = weight.numel() / rows;
  at::Tensor gaussian = at::empty({std::max(rows, columns), std::min(rows, columns)}).normal_(0, 1, generator);
  at::Tensor orthonormal = std::get<0>(at::linalg_qr(gaussian));
  if (rows < columns) orthonormal = orthonormal.t();
  weight.copy_(orthonormal.reshape(weight.sizes()));
  if (bias.defined()) bias.zero_();
}

LayerFiller FillerOf(Initialisation initialisation) {
  switch (initialisation) {
    case Initialisation::kPyTorch:
      return FillPyTorch;
    case Initialisation::kKaiming:
    case Initialisation::kIdentity:
      return FillKaiming;
    case Initialisation::kXavier:
      return FillXavier;
    case Initialisation::kLsuv:
      return FillOrthonormal;
  }
  LOG(FATAL) << "no such initialisation";
}

void FillBlock(const LayerFiller& fill, at::Generator& generator, const Block& block, const BlockTensors& tensors) {
  for (size_t k = 0; k < tensors.size(); ++k) {
    const TensorSpec& spec = block.specs[k];
    const bool by_name = spec.role == Role::kFactor && spec.deviation == 0;
    at::Tensor own = tensors[k];
    if (!by_name) {
      spec.deviation > 0 ? own.normal_(spec.value, spec.deviation, generator) : own.fill_(spec.value);
      continue;
    }
    const bool biased = k + 1 < tensors.size() && block.specs[k + 1].role == Role::kBias;
    fill(generator, own, biased ? tensors[++k] : at::Tensor());
  }
}

// The two parts of the first layer are filled as the one layer [H, C+D] that they are.
void FillHead(const LayerFiller& fill, at::Generator& generator, const Head& head) {
  const at::Tensor& bias = head.hidden_bias.defined() ? head.hidden_bias : head.output_bias;
  if (head.feature_weight.dim() == 2 && head.belief_weight.defined()) {
    at::Tensor first = at::concat({head.belief_weight, head.feature_weight}, 1);
    fill(generator, first, bias);
    const int64_t classes = head.belief_weight.size(1);
    head.belief_weight.copy_(first.slice(1, 0, classes));
    head.feature_weight.copy_(first.slice(1, classes));
  } else {
    fill(generator, head.feature_weight, bias);
    if (head.belief_weight.defined()) fill(generator, head.belief_weight, {});
  }
  if (head.output_weight.defined()) fill(generator, head.output_weight, head.output_bias);
}

double Deviation(const at::Tensor& values) { return std::max(values.std().item<double>(), 1e-6); }

// LSUV's second half: each layer's output gets unit variance on the images, first to last.
void ScaleToUnitVariance(const at::Tensor& images, Network& network) {
  at::Tensor h = images, log_belief = UniformBelief(h.size(0), network.classes(), h.options());
  for (const Stage& stage : network.stages) {
    for (size_t b = 0; b < stage.blocks.size(); ++b) {
      at::Tensor weight = stage.tensors[b][0];
      weight.div_(Deviation(PreActivation(h, weight, stage.tensors[b][1])));
      h = stage.blocks[b].forward(h, stage.tensors[b], {});
    }
    const at::Tensor z = stage.read_out.forward(h, stage.read_out_tensors, {});
    for (int64_t i = 0; i < stage.heads.depth(); ++i) {
      const Head head = stage.heads.at(i);
      const double first = Deviation(head.FirstLayer(log_belief, z));
      for (at::Tensor weight : {head.belief_weight, head.feature_weight})
        if (weight.defined()) weight.div_(first);
      if (head.output_weight.defined()) at::Tensor(head.output_weight).div_(Deviation(head.Output(log_belief, z)));
      log_belief = BeliefOf(head.Forward(log_belief, z));
    }
  }
}

}  // namespace

std::vector<std::string> InitialisationNames() { return {"pytorch", "kaiming", "xavier", "lsuv", "identity"}; }

absl::StatusOr<Initialisation> ParseInitialisation(const std::string& name) {
  SID_ASSIGN_OR_RETURN(const size_t index, FindName("initialisation", name, InitialisationNames()));
  return static_cast<Initialisation>(index);
}

absl::Status CheckInitialisation(Initialisation initialisation, const Network& network) {
  if (initialisation != Initialisation::kLsuv) return absl::OkStatus();
  for (const Stage& stage : network.stages) {
    for (const Block& block : stage.blocks) {
      if (block.specs.size() == 2) continue;
      return absl::InvalidArgumentError(absl::StrCat(
          "lsuv scales layers without normalisation, and the network has a block '", block.kind, "': use kaiming"));
    }
  }
  return absl::OkStatus();
}

void Initialise(Initialisation initialisation, uint64_t seed, const at::Tensor& images, Network& network) {
  CHECK(CheckInitialisation(initialisation, network).ok());
  const at::NoGradGuard no_grad;
  const LayerFiller fill = FillerOf(initialisation);
  at::Generator generator = MakeGenerator(seed, RandomUse::kInitialisation);
  for (const Stage& stage : network.stages) {
    for (size_t b = 0; b < stage.blocks.size(); ++b) FillBlock(fill, generator, stage.blocks[b], stage.tensors[b]);
    FillBlock(fill, generator, stage.read_out, stage.read_out_tensors);
  }
  for (const Stage& stage : network.stages) {
    for (int64_t i = 0; i < stage.heads.depth(); ++i) FillHead(fill, generator, stage.heads.at(i));
  }
  if (initialisation == Initialisation::kLsuv) ScaleToUnitVariance(images, network);
  if (initialisation != Initialisation::kIdentity) return;
  for (const Stage& stage : network.stages) {
    at::Tensor last = stage.heads.output_weight.defined() ? stage.heads.output_weight : stage.heads.feature_weight;
    last.zero_();
    if (!stage.heads.output_weight.defined() && stage.heads.belief_input())
      at::Tensor(stage.heads.belief_weight).zero_();
    at::Tensor(stage.heads.output_bias).zero_();
  }
}

}  // namespace sid
