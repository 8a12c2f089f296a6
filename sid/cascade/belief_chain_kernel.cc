// What the kernel needs of LibTorch's tensors.

#include <ATen/TensorOperators.h>
#include <ATen/cuda/CUDAContext.h>
#include <ATen/ops/empty.h>
#include <c10/cuda/CUDAGuard.h>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "sid/belief/belief.h"
#include "sid/cascade/batched.h"
#include "sid/cascade/chain_by_kernel.h"
#include "sid/cascade/closed_form.h"
#include "sid/cascade/kernel/chain_launch.h"
#include "sid/cascade/kernel_arrays.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

// The kernel's inputs and outputs, alive until it is started. Those of the losses are undefined where there are none.
struct Arrays {
  at::Tensor belief_weight, output_weight, output_bias, hidden, log_beliefs, alphas, log_y, logits_gradient, losses;
  bool residual = false;
};

template <typename Storage, typename Number>
void Launch(const Arrays& arrays, Divergence divergence) {
  auto place = [](const at::Tensor& tensor) { return tensor.defined() ? tensor.data_ptr() : nullptr; };
  auto storage = [&place](const at::Tensor& tensor) { return static_cast<Storage*>(place(tensor)); };
  auto number = [&place](const at::Tensor& tensor) { return static_cast<Number*>(place(tensor)); };
  const kernels::Chain<Storage, Number> chain{.batch = static_cast<int>(arrays.hidden.size(0)),
                                              .depth = static_cast<int>(arrays.hidden.size(1)),
                                              .hidden = static_cast<int>(arrays.hidden.size(2)),
                                              .classes = static_cast<int>(arrays.log_beliefs.size(2)),
                                              .reverse = divergence == Divergence::kReverse,
                                              .residual = arrays.residual,
                                              .into_hidden = storage(arrays.belief_weight),
                                              .into_classes = storage(arrays.output_weight),
                                              .output_bias = storage(arrays.output_bias),
                                              .alphas = number(arrays.alphas),
                                              .log_y = number(arrays.log_y),
                                              .hidden_units = storage(arrays.hidden),
                                              .log_beliefs = number(arrays.log_beliefs),
                                              .logits_gradient = storage(arrays.logits_gradient),
                                              .losses = number(arrays.losses)};
  const cudaError_t error = kernels::LaunchChain(chain, at::cuda::getCurrentCUDAStream().stream());
  CHECK(error == cudaSuccess) << "the belief chain's kernel: " << cudaGetErrorString(error);
}

void LaunchFor(at::ScalarType type, const Arrays& arrays, Divergence divergence) {
  ForProductsOf(type, [&]<typename Storage, typename Number>() { Launch<Storage, Number>(arrays, divergence); });
}

// What the beliefs need, without losses.
Arrays ArraysOf(const Cascade& modules, const at::Tensor& features, const at::Tensor& log_q) {
  Arrays arrays{.belief_weight = FilledUp(modules.belief_weight.transpose(1, 2)),
                .output_weight = FilledUp(modules.output_weight.transpose(1, 2)),
                .output_bias = FilledUp(modules.output_bias),
                .hidden = FeaturesHalf(modules, features),
                .log_beliefs = at::empty({modules.depth() + 1, log_q.size(0), log_q.size(1)}, log_q.options()),
                .residual = modules.belief_update == BeliefUpdate::kResidual};
  arrays.log_beliefs[0].copy_(log_q);
  return arrays;
}

}  // namespace

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
  Arrays arrays = ArraysOf(modules, inputs.features, log_q);
  arrays.alphas = alphas.contiguous();
  arrays.log_y = inputs.log_y.contiguous();
  arrays.logits_gradient = at::empty({modules.depth(), log_q.size(0), log_q.size(1)}, products);
  arrays.losses = at::empty({modules.depth(), log_q.size(0)}, log_q.options());
  LaunchFor(modules.hidden_bias.scalar_type(), arrays, divergence);
  return {arrays.hidden, arrays.log_beliefs.slice(0, 0, -1).exp().to(products), arrays.losses, arrays.logits_gradient,
          arrays.log_beliefs[modules.depth()]};
}

CascadeForward ForwardByKernel(const Cascade& modules, const at::Tensor& features, const at::Tensor& log_q) {
  const c10::cuda::CUDAGuard device(features.device());
  const Arrays arrays = ArraysOf(modules, features, log_q);
  LaunchFor(modules.hidden_bias.scalar_type(), arrays, Divergence::kForward);
  return {arrays.hidden, arrays.log_beliefs, arrays.log_beliefs.exp()};
}

}  // namespace sid
