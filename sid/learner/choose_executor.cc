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

#include "base/machine/cuda_graph.h"
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

  // The fastest of a few, in milliseconds of the GPU. Captured, as training runs it: plain launches would charge the operations
  // with what starting them costs the host.
  float Milliseconds(BeliefChain run_chain) const {
    ChainResult result;
    const auto run = [&] { result = Run(run_chain); };
    CudaGraph graph(modules_.hidden_bias.device());
    for (int warm = 0; warm < 3; ++warm) graph.Warm(run);
    graph.Record(run);
    float fastest = 1e30F;
    for (int repetition = 0; repetition < 5; ++repetition) {
      at::cuda::CUDAEvent begin(cudaEventDefault), end(cudaEventDefault);
      begin.record();
      graph.Replay();
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

// Of the two ways to compute a chain. They round differently, and the modules' differences add up: in bf16 each factor to 2^-9. In
// tf32 only the operations round, to 2^-11, and the kernel computes in float32: a quarter of bf16's.
double Tolerance(Precision precision) {
  if (precision == Precision::kBf16) return 0.1;
  return precision == Precision::kTf32 ? 0.025 : 1e-3;
}

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

Executor FastestExecutor(const Network& network, const SidOptions& options, Precision precision, int64_t chunk) {
  const at::Tensor& weight = network.cascade.belief_weight;
  const at::ScalarType type = ComputeType(precision, weight.scalar_type());
  if (at::globalContext().deterministicAlgorithms()) return Executor::kBatched;
  if (!SupportsChainKernel(weight.device(), weight.size(1), weight.size(2), type).ok()) return Executor::kBatched;
  const at::NoGradGuard no_graph;
  const c10::cuda::CUDAGuard device(weight.device());
  // One chunk stands for all: they are of one size, and more of them at once may not fit.
  const int64_t depth = network.cascade.depth(), size = chunk == 0 ? depth : std::min(chunk, depth);
  const Cascade modules = Cast(network.cascade.Slice(0, size), type);
  SidOptions own = options;
  own.alphas.resize(size);
  if (!ChainsAgree(ChainByKernel, ChainByOperations, modules, own, kExamples, Tolerance(precision))) {
    LOG(WARNING) << "the belief chain's kernel and LibTorch's operations differ on this GPU: executor batched is used";
    return Executor::kBatched;
  }
  const Trial trial(modules, own, kExamples);
  const bool faster = trial.Milliseconds(ChainByKernel) < trial.Milliseconds(ChainByOperations);
  return faster ? Executor::kCuda : Executor::kBatched;
}

}  // namespace sid
