// What the kernel of the way back needs of LibTorch's tensors.

#include <ATen/TensorOperators.h>
#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDAGuard.h>

#include "sid/cascade/chain_by_kernel.h"
#include "sid/cascade/kernel/chain_launch.h"
#include "sid/cascade/kernel_arrays.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

// Filled up weights, and what the kernel goes through.
struct BackArrays {
  at::Tensor output_weight, belief_weight, log_beliefs, belief_gradients, gradient;
  const CascadeBackward& backward;
  bool residual;
};

template <typename Storage, typename Number>
void LaunchBack(const BackArrays& arrays) {
  auto place = [](const at::Tensor& tensor) { return tensor.defined() ? tensor.data_ptr() : nullptr; };
  auto storage = [&place](const at::Tensor& tensor) { return static_cast<Storage*>(place(tensor)); };
  auto number = [&place](const at::Tensor& tensor) { return static_cast<Number*>(place(tensor)); };
  const at::Tensor& hidden = arrays.backward.hidden;
  const kernels::ChainBack<Storage, Number> chain{.batch = static_cast<int>(hidden.size(0)),
                                                  .depth = static_cast<int>(hidden.size(1)),
                                                  .hidden = static_cast<int>(hidden.size(2)),
                                                  .classes = static_cast<int>(arrays.gradient.size(1)),
                                                  .residual = arrays.residual,
                                                  .into_hidden = storage(arrays.output_weight),
                                                  .into_classes = storage(arrays.belief_weight),
                                                  .hidden_units = storage(hidden),
                                                  .row_stride = hidden.stride(0),
                                                  .log_beliefs = number(arrays.log_beliefs),
                                                  .belief_gradients = number(arrays.belief_gradients),
                                                  .gradient = number(arrays.gradient),
                                                  .logits_gradient = storage(arrays.backward.logits_gradient),
                                                  .hidden_gradient = storage(arrays.backward.hidden_gradient)};
  const cudaError_t error = kernels::LaunchChain(chain, at::cuda::getCurrentCUDAStream().stream());
  CHECK(error == cudaSuccess) << "the kernel of the way back: " << cudaGetErrorString(error);
}

}  // namespace

void BackByKernel(const Cascade& modules, const at::Tensor& log_beliefs, const at::Tensor& belief_gradients,
                  const CascadeBackward& backward, const at::Tensor& gradient) {
  const c10::cuda::CUDAGuard device(gradient.device());
  CHECK(gradient.is_contiguous() && log_beliefs.is_contiguous() && backward.logits_gradient.is_contiguous() &&
        backward.hidden_gradient.is_contiguous());
  CHECK(backward.hidden.stride(2) == 1 && backward.hidden.stride(1) == backward.hidden.size(2));
  CHECK(!belief_gradients.defined() || belief_gradients.is_contiguous());
  backward.logits_gradient.select(0, -1).copy_(gradient);
  const BackArrays arrays{FilledUp(modules.output_weight),
                      FilledUp(modules.belief_weight),
                      log_beliefs,
                      belief_gradients,
                      gradient,
                      backward,
                      modules.belief_update == BeliefUpdate::kResidual};
  ForProductsOf(modules.hidden_bias.scalar_type(),
                [&]<typename Storage, typename Number>() { LaunchBack<Storage, Number>(arrays); });
}

}  // namespace sid
