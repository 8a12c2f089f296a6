// What the kernel of the way back needs of LibTorch's tensors.

#include <ATen/TensorOperators.h>
#include <ATen/cuda/CUDAContext.h>
#include <ATen/ops/zeros.h>
#include <c10/cuda/CUDAGuard.h>

#include <cstdint>

#include "sid/cascade/chain_by_kernel.h"
#include "sid/cascade/kernel/chain_launch.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

int64_t RoundedUp(int64_t size) { return kernels::QuadsOf(static_cast<int>(size)) * kernels::kQuad; }

// weights [n, rows, columns], themselves where a thread can read fours of them; else filled up with zeros until it can.
at::Tensor FilledUp(const at::Tensor& weights) {
  constexpr uintptr_t kAlignment = 16;
  const int64_t rows = weights.size(1), columns = weights.size(2);
  const bool whole = RoundedUp(rows) == rows && RoundedUp(columns) == columns;
  if (whole && weights.is_contiguous() && reinterpret_cast<uintptr_t>(weights.data_ptr()) % kAlignment == 0)
    return weights;
  at::Tensor result = at::zeros({weights.size(0), RoundedUp(rows), RoundedUp(columns)}, weights.options());
  result.slice(1, 0, rows).slice(2, 0, columns).copy_(weights);
  return result;
}

// Filled up weights, and what the kernel goes through.
struct Arrays {
  at::Tensor output_weight, belief_weight, log_beliefs, belief_gradients, gradient;
  const CascadeBackward& backward;
  bool residual;
};

template <typename Storage, typename Number>
void Launch(const Arrays& arrays) {
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
  const Arrays arrays{FilledUp(modules.output_weight),
                      FilledUp(modules.belief_weight),
                      log_beliefs,
                      belief_gradients,
                      gradient,
                      backward,
                      modules.belief_update == BeliefUpdate::kResidual};
  const at::ScalarType type = modules.hidden_bias.scalar_type();
  if (type == at::kFloat) return Launch<float, float>(arrays);
  if (type == at::kDouble) return Launch<double, double>(arrays);
  CHECK(type == at::kBFloat16) << type;
  Launch<__nv_bfloat16, float>(arrays);
}

}  // namespace sid
