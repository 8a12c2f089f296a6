#include "sid/network/operations.h"

#include <ATen/Context.h>  // for custom_function.h
#include <ATen/TensorOperators.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/convolution_backward.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/mm.h>
#include <torch/csrc/autograd/custom_function.h>

#include <array>
#include <optional>
#include <tuple>

namespace sid {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// A function's arguments are tensors that are defined, or none.
std::optional<at::Tensor> IfDefined(const at::Tensor& tensor) {
  return tensor.defined() ? std::optional(tensor) : std::nullopt;
}

struct LinearWithFeedback : torch::autograd::Function<LinearWithFeedback> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const std::optional<at::Tensor>& bias, const at::Tensor& feedback) {
    context->save_for_backward({x, feedback});
    return at::linear(x, weight, bias);
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &feedback = saved[1], g = gradients[0].flatten(0, -2);
    at::Tensor by_x, by_bias;
    if (context->needs_input_grad(0)) by_x = at::matmul(gradients[0], feedback);
    if (context->needs_input_grad(2)) by_bias = g.sum(0);
    return {by_x, at::mm(g.t(), x.flatten(0, -2)), by_bias, {}};
  }
};

struct ConvolveWithFeedback : torch::autograd::Function<ConvolveWithFeedback> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const std::optional<at::Tensor>& bias, int64_t stride, int64_t padding,
                            const at::Tensor& feedback) {
    context->save_for_backward({x, feedback});
    context->saved_data["stride"] = stride;
    context->saved_data["padding"] = padding;
    return at::conv2d(x, weight, bias, stride, padding);
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const int64_t stride = context->saved_data["stride"].toInt(), padding = context->saved_data["padding"].toInt();
    const std::array<bool, 3> wanted{context->needs_input_grad(0), true, context->needs_input_grad(2)};
    // The weight's gradient needs the weight's shape alone, which is the feedback's.
    const auto [by_x, by_weight, by_bias] =
        at::convolution_backward(gradients[0], saved[0], saved[1], at::IntArrayRef{saved[1].size(0)}, {stride, stride},
                                 {padding, padding}, {1, 1}, /*transposed=*/false, {0, 0}, /*groups=*/1, wanted);
    return {by_x, by_weight, by_bias, {}, {}, {}};
  }
};

}  // namespace

at::Tensor Linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& feedback) {
  return feedback.defined() ? LinearWithFeedback::apply(x, weight, IfDefined(bias), feedback)
                            : at::linear(x, weight, bias);
}

at::Tensor Convolve(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, int64_t stride,
                    int64_t padding, const at::Tensor& feedback) {
  // oneDNN's gradient of such weights writes beyond their end, with channels last and without AVX-512 (seen in LibTorch 2.11).
  constexpr int64_t kNarrow = 8;
  if (stride > 1 && padding == 0 && weight.size(2) == 1 && weight.size(1) < kNarrow) {
    const auto every = [stride](const at::Tensor& all, int64_t dim) {
      return all.slice(dim, std::nullopt, std::nullopt, stride);
    };
    return Convolve(every(every(x, 2), 3), weight, bias, /*stride=*/1, padding, feedback);
  }
  return feedback.defined() ? ConvolveWithFeedback::apply(x, weight, IfDefined(bias), stride, padding, feedback)
                            : at::conv2d(x, weight, bias, stride, padding);
}

}  // namespace sid
