#include "sid/cascade/chain_by_kernel.h"

#include <ATen/TensorOperators.h>
#include <ATen/cuda/CUDAContext.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <c10/cuda/CUDAGuard.h>
#include <cuda_bf16.h>

#include <cstdint>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "sid/belief/belief.h"
#include "sid/cascade/batched.h"
#include "sid/cascade/kernel/chain_launch.h"
#include "sid/cascade/kernel/quad.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

// A tensor as a kernel's array; null where it is undefined.
template <typename Number>
Number* Place(const at::Tensor& tensor) {
  return tensor.defined() ? static_cast<Number*>(tensor.data_ptr()) : nullptr;
}

// start.operator()<Storage, Number>() for products of this type: what a kernel reads, and what it sums in.
template <class Start>
void ForProductsOf(at::ScalarType type, const Start& start) {
  if (type == at::kFloat) return start.template operator()<float, float>();
  if (type == at::kDouble) return start.template operator()<double, double>();
  CHECK(type == at::kBFloat16) << type;
  start.template operator()<__nv_bfloat16, float>();
}

// On this thread's current device and stream.
template <typename Arrays>
void Launch(const Arrays& arrays) {
  const cudaError_t error = kernels::LaunchChain(arrays, at::cuda::getCurrentCUDAStream().stream());
  CHECK(error == cudaSuccess) << "the belief chain's kernel: " << cudaGetErrorString(error);
}

// The way forward's inputs and outputs, alive until it is started. Those of the losses are undefined where there are none.
struct ForwardArrays {
  at::Tensor belief_weight, output_weight, output_bias, hidden, log_beliefs, alphas, log_y, logits_gradient, losses;
  bool residual = false;
};

void LaunchForward(at::ScalarType type, const ForwardArrays& arrays, Divergence divergence) {
  ForProductsOf(type, [&]<typename Storage, typename Number>() {
    Launch(kernels::Chain<Storage, Number>{.batch = static_cast<int>(arrays.hidden.size(0)),
                                           .depth = static_cast<int>(arrays.hidden.size(1)),
                                           .hidden = static_cast<int>(arrays.hidden.size(2)),
                                           .classes = static_cast<int>(arrays.log_beliefs.size(2)),
                                           .reverse = divergence == Divergence::kReverse,
                                           .residual = arrays.residual,
                                           .into_hidden = Place<Storage>(arrays.belief_weight),
                                           .into_classes = Place<Storage>(arrays.output_weight),
                                           .output_bias = Place<Storage>(arrays.output_bias),
                                           .alphas = Place<Number>(arrays.alphas),
                                           .log_y = Place<Number>(arrays.log_y),
                                           .hidden_units = Place<Storage>(arrays.hidden),
                                           .log_beliefs = Place<Number>(arrays.log_beliefs),
                                           .logits_gradient = Place<Storage>(arrays.logits_gradient),
                                           .losses = Place<Number>(arrays.losses)});
  });
}

// What the beliefs need, without losses.
ForwardArrays ArraysOf(const Cascade& modules, const at::Tensor& features, const at::Tensor& log_q) {
  ForwardArrays arrays{.belief_weight = FilledUp(modules.belief_weight.transpose(1, 2)),
                       .output_weight = FilledUp(modules.output_weight.transpose(1, 2)),
                       .output_bias = FilledUp(modules.output_bias),
                       .hidden = FeaturesHalf(modules, features),
                       .log_beliefs = at::empty({modules.depth() + 1, log_q.size(0), log_q.size(1)}, log_q.options()),
                       .residual = modules.belief_update == BeliefUpdate::kResidual};
  arrays.log_beliefs[0].copy_(log_q);
  return arrays;
}

}  // namespace

at::Tensor FilledUp(const at::Tensor& tensor) {
  constexpr uintptr_t kAlignment = 16;
  std::vector<int64_t> shape = tensor.sizes().vec();
  for (size_t k = 1; k < shape.size(); ++k) shape[k] = kernels::QuadsOf(static_cast<int>(shape[k])) * kernels::kQuad;
  const bool whole = tensor.sizes() == shape;
  if (whole && tensor.is_contiguous() && reinterpret_cast<uintptr_t>(tensor.data_ptr()) % kAlignment == 0)
    return tensor;
  at::Tensor result = whole ? at::empty(shape, tensor.options()) : at::zeros(shape, tensor.options());
  at::Tensor place = result;
  for (int64_t k = 1; k < tensor.dim(); ++k) place = place.narrow(k, 0, tensor.size(k));
  place.copy_(tensor);
  return result;
}

absl::Status HasChainKernel(int major, int minor) {
  constexpr int kLeastMajor = 8;
  if (major >= kLeastMajor) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("executor cuda is built for compute capability ", kLeastMajor,
                                                 ".0 and later, and this GPU has ", major, ".", minor,
                                                 ": use batched"));
}

absl::Status SupportsChainKernel(const Cascade& modules, at::ScalarType type) {
  const at::Device device = modules.output_bias.device();
  if (!device.is_cuda()) {
    return absl::InvalidArgumentError(
        absl::StrCat("executor cuda needs a GPU, and the device is ", device.str(), ": use auto or batched"));
  }
  if (!modules.perceptrons() || !modules.belief_input()) {
    return absl::InvalidArgumentError("executor cuda computes mlp heads that see the belief: use auto or serial");
  }
  const cudaDeviceProp* const properties = at::cuda::getDeviceProperties(device.index());
  SID_RETURN_IF_ERROR(HasChainKernel(properties->major, properties->minor));
  const int64_t hidden = modules.hidden_bias.size(1), classes = modules.classes();
  const size_t needed =
      kernels::ChainSharedBytes(static_cast<int>(hidden), static_cast<int>(classes), at::elementSize(BeliefType(type)));
  const size_t there = properties->sharedMemPerBlockOptin;
  if (needed <= there) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("executor cuda keeps ", needed, " bytes in a block's shared memory for ", hidden,
                   " hidden units and ", classes, " classes, and ", device.str(), " has ", there, ": use batched"));
}

ChainResult ChainByKernel(const Cascade& modules, Divergence divergence, const at::Tensor& alphas,
                          const StepInputs& inputs, const at::Tensor& log_q, PhaseTimer& timer) {
  const ScopedPhase phase(timer, "teachers");
  const c10::cuda::CUDAGuard device(inputs.features.device());
  const at::TensorOptions products = modules.hidden_bias.options();
  ForwardArrays arrays = ArraysOf(modules, inputs.features, log_q);
  arrays.alphas = alphas.contiguous();
  arrays.log_y = inputs.log_y.contiguous();
  arrays.logits_gradient = at::empty({modules.depth(), log_q.size(0), log_q.size(1)}, products);
  arrays.losses = at::empty({modules.depth(), log_q.size(0)}, log_q.options());
  LaunchForward(modules.hidden_bias.scalar_type(), arrays, divergence);
  return {arrays.hidden, arrays.log_beliefs.slice(0, 0, -1).exp().to(products), arrays.losses, arrays.logits_gradient,
          arrays.log_beliefs[modules.depth()]};
}

CascadeForward ForwardByKernel(const Cascade& modules, const at::Tensor& features, const at::Tensor& log_q) {
  const c10::cuda::CUDAGuard device(features.device());
  const ForwardArrays arrays = ArraysOf(modules, features, log_q);
  LaunchForward(modules.hidden_bias.scalar_type(), arrays, Divergence::kForward);
  return {arrays.hidden, arrays.log_beliefs, arrays.log_beliefs.exp()};
}

void BackByKernel(const Cascade& modules, const at::Tensor& log_beliefs, const at::Tensor& belief_gradients,
                  const CascadeBackward& backward, const at::Tensor& gradient) {
  const c10::cuda::CUDAGuard device(gradient.device());
  CHECK(gradient.is_contiguous() && log_beliefs.is_contiguous() && backward.logits_gradient.is_contiguous() &&
        backward.hidden_gradient.is_contiguous());
  CHECK(backward.hidden.stride(2) == 1 && backward.hidden.stride(1) == backward.hidden.size(2));
  CHECK(!belief_gradients.defined() || belief_gradients.is_contiguous());
  backward.logits_gradient.select(0, -1).copy_(gradient);
  const at::Tensor &hidden = backward.hidden, into_hidden = FilledUp(modules.output_weight),
                   into_classes = FilledUp(modules.belief_weight);
  ForProductsOf(modules.hidden_bias.scalar_type(), [&]<typename Storage, typename Number>() {
    Launch(kernels::ChainBack<Storage, Number>{.batch = static_cast<int>(hidden.size(0)),
                                               .depth = static_cast<int>(hidden.size(1)),
                                               .hidden = static_cast<int>(hidden.size(2)),
                                               .classes = static_cast<int>(gradient.size(1)),
                                               .residual = modules.belief_update == BeliefUpdate::kResidual,
                                               .into_hidden = Place<Storage>(into_hidden),
                                               .into_classes = Place<Storage>(into_classes),
                                               .hidden_units = Place<Storage>(hidden),
                                               .row_stride = hidden.stride(0),
                                               .log_beliefs = Place<Number>(log_beliefs),
                                               .belief_gradients = Place<Number>(belief_gradients),
                                               .gradient = Place<Number>(gradient),
                                               .logits_gradient = Place<Storage>(backward.logits_gradient),
                                               .hidden_gradient = Place<Storage>(backward.hidden_gradient)});
  });
}

}  // namespace sid
