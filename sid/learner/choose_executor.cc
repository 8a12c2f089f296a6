#include "sid/learner/choose_executor.h"

#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/cuda/CUDAEvent.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <c10/cuda/CUDAGuard.h>

#include <algorithm>

#include "base/random.h"
#include "sid/belief/belief.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

constexpr int64_t kExamples = 128;

// One belief chain on made-up features of the modules' size.
class Trial {
 public:
  Trial(const Cascade& modules, const SidOptions& options, int64_t examples) : modules_(modules), options_(options) {
    at::Generator generator = MakeGenerator(/*seed=*/1, RandomUse::kSynthetic);
    const at::TensorOptions products = modules.hidden_bias.options();
    const at::Tensor features = at::randn({examples, modules.feature_weight.size(2)}, generator, at::kFloat);
    const at::Tensor labels = at::randint(modules.classes(), {examples}, generator, at::kLong);
    inputs_ = {features.relu().to(products), TargetBelief(labels.to(products.device()), modules.classes(),
                                                          options.smoothing, modules.hidden_bias.scalar_type())};
    log_q_ = UniformBelief(examples, modules.classes(), products);
    alphas_ = at::tensor(options.alphas).to(log_q_.options());
  }

  ChainResult Run(BeliefChain run_chain) const {
    PhaseTimer untimed;
    return run_chain(modules_, options_.divergence, alphas_, inputs_, log_q_, untimed);
  }

  // The fastest of a few, in milliseconds of the GPU.
  float Milliseconds(BeliefChain run_chain) const {
    float fastest = 1e30F;
    for (int repetition = 0; repetition < 5; ++repetition) {
      at::cuda::CUDAEvent begin(cudaEventDefault), end(cudaEventDefault);
      begin.record();
      Run(run_chain);
      end.record();
      end.synchronize();
      fastest = std::min(fastest, begin.elapsed_time(end));
    }
    return fastest;
  }

 private:
  Cascade modules_;
  SidOptions options_;
  StepInputs inputs_;
  at::Tensor log_q_, alphas_;
};

bool Agree(const at::Tensor& actual, const at::Tensor& expected, double tolerance) {
  const at::Tensor a = actual.to(at::kDouble), e = expected.to(at::kDouble);
  return (a - e).norm().item<double>() <= tolerance * e.norm().item<double>();
}

}  // namespace

bool ChainsAgree(BeliefChain first, BeliefChain second, const Cascade& modules, const SidOptions& options,
                 int64_t examples, double tolerance) {
  const at::NoGradGuard no_graph;
  const Trial trial(modules, options, examples);
  const ChainResult a = trial.Run(first), b = trial.Run(second);
  return Agree(a.hidden, b.hidden, tolerance) && Agree(a.teachers, b.teachers, tolerance) &&
         Agree(a.losses, b.losses, tolerance) && Agree(a.logits_gradient, b.logits_gradient, tolerance) &&
         Agree(a.log_belief, b.log_belief, tolerance);
}

Executor FastestExecutor(const Network& network, const SidOptions& options, Precision precision) {
  const at::Tensor& weight = network.cascade.belief_weight;
  const at::ScalarType type = ComputeType(precision, weight.scalar_type());
  if (at::globalContext().deterministicAlgorithms()) return Executor::kBatched;
  if (!SupportsChainKernel(weight.device(), weight.size(1), weight.size(2), type).ok()) return Executor::kBatched;
  const at::NoGradGuard no_graph;
  const c10::cuda::CUDAGuard device(weight.device());
  const Cascade modules = Cast(network.cascade, type);
  // bf16: two roundings of 2^-9 in another order, grown over the modules.
  if (!ChainsAgree(ChainByKernel, ChainByOperations, modules, options, kExamples, type == at::kBFloat16 ? 0.1 : 1e-3)) {
    LOG(WARNING) << "the belief chain's kernel and LibTorch's operations differ on this GPU: executor batched is used";
    return Executor::kBatched;
  }
  const Trial trial(modules, options, kExamples);
  const bool faster = trial.Milliseconds(ChainByKernel) < trial.Milliseconds(ChainByOperations);
  return faster ? Executor::kCuda : Executor::kBatched;
}

}  // namespace sid
