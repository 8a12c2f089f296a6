#include "sid/network/network.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros_like.h>

#include <functional>

#include "absl/strings/str_cat.h"
#include "sid/belief/belief.h"

namespace sid {
namespace {

// The one place that lists the network's tensors. A tensor is passed by reference, so `visit` may replace it.
template <typename AnyExtractor, typename Visitor>
void VisitExtractor(AnyExtractor& extractor, const Visitor& visit) {
  for (size_t i = 0; i < extractor.layers.size(); ++i) {
    auto& layer = extractor.layers[i];
    visit(absl::StrCat("extractor.", i + 1, ".weight"), layer.weight, true);
    visit(absl::StrCat("extractor.", i + 1, ".bias"), layer.bias, false);
  }
}

template <typename AnyCascade, typename Visitor>
void VisitCascade(AnyCascade& cascade, const Visitor& visit) {
  visit("cascade.belief_weight", cascade.belief_weight, true);
  visit("cascade.feature_weight", cascade.feature_weight, true);
  visit("cascade.hidden_bias", cascade.hidden_bias, false);
  visit("cascade.output_weight", cascade.output_weight, true);
  visit("cascade.output_bias", cascade.output_bias, false);
}

Network Map(Network network, const std::function<at::Tensor(const at::Tensor&)>& function) {
  const auto replace = [&](const std::string&, at::Tensor& tensor, bool) { tensor = function(tensor); };
  VisitExtractor(network.extractor, replace);
  VisitCascade(network.cascade, replace);
  return network;
}

}  // namespace

Network EmptyNetwork(const NetworkShape& shape) {
  Network network{SimpleCnn(shape.channels, shape.features),
                  EmptyCascade(shape.depth, shape.hidden, shape.features, shape.classes)};
  network.cascade.belief_update = shape.belief_update;
  return network;
}

std::vector<Parameter> Parameters(const Extractor& extractor) {
  std::vector<Parameter> parameters;
  VisitExtractor(extractor, [&](const std::string& name, const at::Tensor& tensor, bool decays) {
    parameters.push_back({name, tensor, decays});
  });
  return parameters;
}

std::vector<Parameter> Parameters(const Cascade& cascade) {
  std::vector<Parameter> parameters;
  VisitCascade(cascade, [&](const std::string& name, const at::Tensor& tensor, bool decays) {
    parameters.push_back({name, tensor, decays});
  });
  return parameters;
}

std::vector<Parameter> Parameters(const Network& network) {
  std::vector<Parameter> parameters = Parameters(network.extractor);
  for (Parameter& parameter : Parameters(network.cascade)) parameters.push_back(std::move(parameter));
  return parameters;
}

std::vector<at::Tensor> Tensors(const std::vector<Parameter>& parameters) {
  std::vector<at::Tensor> tensors;
  tensors.reserve(parameters.size());
  for (const Parameter& parameter : parameters) tensors.push_back(parameter.tensor);
  return tensors;
}

std::vector<at::Tensor> Tensors(const Network& network) { return Tensors(Parameters(network)); }

Network CloneTo(const Network& network, at::Device device, at::ScalarType type) {
  return Map(network, [&](const at::Tensor& tensor) {
    return tensor.detach().to(device, type, /*non_blocking=*/false, /*copy=*/true);
  });
}

Extractor Cast(Extractor extractor, at::ScalarType type) {
  VisitExtractor(extractor, [&](const std::string&, at::Tensor& tensor, bool) { tensor = tensor.to(type); });
  return extractor;
}

Cascade Cast(Cascade cascade, at::ScalarType type) {
  VisitCascade(cascade, [&](const std::string&, at::Tensor& tensor, bool) { tensor = tensor.to(type); });
  return cascade;
}

Network Cast(const Network& network, at::ScalarType type) {
  return {Cast(network.extractor, type), Cast(network.cascade, type)};
}

Network ZerosLike(const Network& network) {
  return Map(network, [](const at::Tensor& tensor) { return at::zeros_like(tensor.detach()); });
}

void RequireGradients(const Network& network, bool on) {
  for (at::Tensor& tensor : Tensors(network)) tensor.requires_grad_(on);
}

std::vector<at::Tensor> Beliefs(const Cascade& cascade, const at::Tensor& features) {
  std::vector<at::Tensor> log_beliefs{UniformBelief(features.size(0), cascade.classes(), features.options())};
  for (int64_t i = 0; i < cascade.depth(); ++i) {
    log_beliefs.push_back(BeliefOf(cascade.at(i).Forward(log_beliefs.back(), features)));
  }
  return log_beliefs;
}

at::Tensor Predict(const Network& network, const at::Tensor& images) {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> log_beliefs = Beliefs(network.cascade, network.extractor.Forward(images));
  log_beliefs.erase(log_beliefs.begin());  // p_0 is no prediction
  return at::stack(log_beliefs);
}

}  // namespace sid
