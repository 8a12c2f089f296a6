#include "sid/network/initialisation.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linalg_qr.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/names.h"
#include "base/random.h"
#include "base/status.h"
#include "sid/belief/belief.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

// Fills a weight [out, in, ...], of whatever shape and layout, and its bias.
using LayerFiller = std::function<void(at::Generator&, at::Tensor weight, at::Tensor bias)>;

double Fan(const at::Tensor& weight, int64_t dimension) {
  return static_cast<double>(weight.numel()) / static_cast<double>(weight.size(dimension));
}
double FanIn(const at::Tensor& weight) { return Fan(weight, 0); }
double FanOut(const at::Tensor& weight) { return Fan(weight, 1); }

void FillPyTorch(at::Generator& generator, at::Tensor weight, at::Tensor bias) {
  const double bound = 1 / std::sqrt(FanIn(weight));
  weight.uniform_(-bound, bound, generator);
  bias.uniform_(-bound, bound, generator);
}

void FillKaiming(at::Generator& generator, at::Tensor weight, at::Tensor bias) {
  weight.normal_(0, std::sqrt(2 / FanIn(weight)), generator);
  bias.zero_();
}

void FillXavier(at::Generator& generator, at::Tensor weight, at::Tensor bias) {
  const double bound = std::sqrt(6 / (FanIn(weight) + FanOut(weight)));
  weight.uniform_(-bound, bound, generator);
  bias.zero_();
}

// Orthonormal rows or columns, whichever are fewer.
void FillOrthonormal(at::Generator& generator, at::Tensor weight, at::Tensor bias) {
  const int64_t rows = weight.size(0), columns = weight.numel() / rows;
  at::Tensor gaussian = at::empty({std::max(rows, columns), std::min(rows, columns)}).normal_(0, 1, generator);
  at::Tensor orthonormal = std::get<0>(at::linalg_qr(gaussian));
  if (rows < columns) orthonormal = orthonormal.t();
  weight.copy_(orthonormal.reshape(weight.sizes()));
  bias.zero_();
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

// The two halves of W1 are filled as the one layer [H, C+D] that they are.
void FillModule(const LayerFiller& fill, at::Generator& generator, const Module& module) {
  at::Tensor first = at::cat({module.belief_weight, module.feature_weight}, 1);
  fill(generator, first, module.hidden_bias);
  const int64_t classes = module.output_bias.size(0);
  module.belief_weight.copy_(first.slice(1, 0, classes));
  module.feature_weight.copy_(first.slice(1, classes));
  fill(generator, module.output_weight, module.output_bias);
}

double Deviation(const at::Tensor& values) { return std::max(values.std().item<double>(), 1e-6); }

// LSUV's second half: each layer's output gets unit variance on the images, first to last.
void ScaleToUnitVariance(const at::Tensor& images, Network& network) {
  at::Tensor x = images;
  for (ExtractorLayer& layer : network.extractor.layers) {
    layer.weight.div_(Deviation(PreActivation(layer, x)));
    x = Activate(layer, PreActivation(layer, x));
  }
  at::Tensor log_belief = UniformBelief(x.size(0), network.cascade.classes(), x.options());
  for (int64_t i = 0; i < network.cascade.depth(); ++i) {
    const Module module = network.cascade.at(i);
    const double first = Deviation(module.FirstLayer(log_belief, x));
    module.belief_weight.div_(first);
    module.feature_weight.div_(first);
    module.output_weight.div_(Deviation(module.Output(log_belief, x)));
    log_belief = BeliefOf(module.Forward(log_belief, x));
  }
}

}  // namespace

std::vector<std::string> InitialisationNames() { return {"pytorch", "kaiming", "xavier", "lsuv", "identity"}; }

absl::StatusOr<Initialisation> ParseInitialisation(const std::string& name) {
  SID_ASSIGN_OR_RETURN(const size_t index, FindName("initialisation", name, InitialisationNames()));
  return static_cast<Initialisation>(index);
}

void Initialise(Initialisation initialisation, uint64_t seed, const at::Tensor& images, Network& network) {
  const at::NoGradGuard no_grad;
  const LayerFiller fill = FillerOf(initialisation);
  at::Generator generator = MakeGenerator(seed, RandomUse::kInitialisation);
  for (const ExtractorLayer& layer : network.extractor.layers) fill(generator, layer.weight, layer.bias);
  for (int64_t i = 0; i < network.cascade.depth(); ++i) FillModule(fill, generator, network.cascade.at(i));
  if (initialisation == Initialisation::kLsuv) ScaleToUnitVariance(images, network);
  if (initialisation == Initialisation::kIdentity) {
    network.cascade.output_weight.zero_();
    network.cascade.output_bias.zero_();
  }
}

}  // namespace sid
