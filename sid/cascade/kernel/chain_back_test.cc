// The way back's own code on the CPU, with its threads and its synchronisation, against autograd through the chain in float64.

#include "sid/cascade/kernel/chain_back.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/_log_softmax_backward_data.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <limits>
#include <string>
#include <tuple>
#include <vector>

#include "base/random.h"
#include "sid/belief/belief.h"
#include "sid/cascade/kernel/threads_for_tests.h"
#include "sid/network/initialisation.h"

namespace sid::kernels {
namespace {

constexpr uint64_t kSeed = 19;

struct Sizes {
  int64_t depth, classes, hidden, batch;
};

// Which beliefs have a loss.
enum class Losses { kLast, kAll };

// A chain in float64, of weights that `type` has exactly, and what autograd says of it.
struct Problem {
  Cascade modules;
  at::Tensor hidden, log_beliefs;               // [B, n, H], [n+1, B, C]
  at::Tensor belief_gradients;                  // [n, B, C], by log p_1 .. log p_n
  at::Tensor logits_gradient, hidden_gradient;  // [n, B, C], [n, B, H]
};

Problem MakeProblem(const Sizes& sizes, BeliefUpdate update, Losses losses, at::ScalarType type) {
  Network network = EmptyNetwork(
      {.classes = sizes.classes, .depth = sizes.depth, .features = 6, .hidden = sizes.hidden, .belief_update = update});
  Initialise(Initialisation::kPyTorch, kSeed, at::Tensor(), network);
  Problem problem{.modules = CloneTo(CloneTo(network, at::kCPU, type), at::kCPU, at::kDouble).stages[0].heads};
  // PyTorch's are small for these sizes: with larger ones each belief says much of the one before it.
  problem.modules.belief_weight *= 4;
  problem.modules.output_weight *= 4;
  at::Generator generator = MakeGenerator(kSeed, RandomUse::kSynthetic);
  const at::Tensor z = at::randn({sizes.batch, 6}, generator, at::kDouble);
  problem.belief_gradients = at::randn({sizes.depth, sizes.batch, sizes.classes}, generator, at::kDouble);
  if (losses == Losses::kLast) problem.belief_gradients.slice(0, 0, -1).zero_();

  // Zeros added to hidden units and logits, by which autograd gives their gradients.
  const at::Tensor at_hidden = at::zeros({sizes.depth, sizes.batch, sizes.hidden}, at::kDouble).requires_grad_(true),
                   at_logits = at::zeros({sizes.depth, sizes.batch, sizes.classes}, at::kDouble).requires_grad_(true);
  std::vector<at::Tensor> hidden,
      log_beliefs{BeliefOf(at::randn({sizes.batch, sizes.classes}, generator, at::kDouble))};
  for (int64_t i = 0; i < sizes.depth; ++i) {
    const Head head = problem.modules.at(i);
    hidden.push_back((head.FirstLayer(log_beliefs.back(), z) + at_hidden[i]).relu());
    const at::Tensor output = hidden.back().matmul(head.output_weight.t()) + head.output_bias;
    log_beliefs.push_back(BeliefOf(Logits(update, output, log_beliefs.back()) + at_logits[i]));
  }
  const at::Tensor loss = (at::stack(log_beliefs).slice(0, 1) * problem.belief_gradients).sum();
  const auto gradients = torch::autograd::grad({loss}, {at_hidden, at_logits});
  problem.hidden = at::stack(hidden, 1).detach();
  problem.log_beliefs = at::stack(log_beliefs).detach();
  problem.hidden_gradient = gradients[0];
  problem.logits_gradient = gradients[1];
  return problem;
}

struct Gradients {
  at::Tensor logits, hidden;  // [n, B, C], [n, B, H]
};

at::Tensor FilledUp(const at::Tensor& weights, at::ScalarType type) {
  return at::constant_pad_nd(weights, {0, -weights.size(2) & (kQuad - 1), 0, -weights.size(1) & (kQuad - 1)})
      .to(type)
      .contiguous();
}

// By the kernel, `window` modules at a time.
template <typename Storage, typename Number>
Gradients RunOnThreads(const Problem& problem, Losses losses, Way way, int64_t window, at::ScalarType type) {
  const int64_t depth = problem.modules.depth(), batch = problem.hidden.size(0), hidden = problem.hidden.size(2),
                classes = problem.modules.classes();
  const at::ScalarType numbers = BeliefType(type);
  const at::Tensor units = problem.hidden.to(type).contiguous(), log_beliefs = problem.log_beliefs.to(numbers),
                   into_hidden = FilledUp(problem.modules.output_weight, type),
                   into_classes = FilledUp(problem.modules.belief_weight, type);
  // By the modules' inputs, of which the first has no loss.
  at::Tensor by_inputs = at::zeros({depth, batch, classes}, numbers);
  by_inputs.slice(0, 1).copy_(problem.belief_gradients.slice(0, 0, -1));
  const at::Tensor gradient =
      at::_log_softmax_backward_data(problem.belief_gradients[depth - 1].to(numbers), log_beliefs[depth], -1, numbers);
  Gradients result{at::empty({depth, batch, classes}, type), at::empty({depth, batch, hidden}, type)};
  auto storage = [](const at::Tensor& tensor) { return static_cast<Storage*>(tensor.data_ptr()); };
  auto number = [](const at::Tensor& tensor) { return static_cast<Number*>(tensor.data_ptr()); };
  for (int64_t end = depth; end > 0; end -= window) {
    const int64_t begin = std::max<int64_t>(0, end - window);
    result.logits[end - 1].copy_(gradient);
    RunAllRows(
        ChainBack<Storage, Number>{static_cast<int>(batch), static_cast<int>(end - begin), static_cast<int>(hidden),
                                   static_cast<int>(classes), problem.modules.belief_update == BeliefUpdate::kResidual,
                                   storage(into_hidden[begin]), storage(into_classes[begin]),
                                   storage(units.select(1, begin)), units.stride(0), number(log_beliefs[begin]),
                                   losses == Losses::kAll ? number(by_inputs[begin]) : nullptr, number(gradient),
                                   storage(result.logits[begin]), storage(result.hidden[begin])},
        way);
  }
  return result;
}

// Of each module's, so that the last ones, whose gradients are largest, hide nothing.
void ExpectNear(const at::Tensor& actual, const at::Tensor& expected, double tolerance, const char* what) {
  ASSERT_EQ(actual.sizes(), expected.sizes());
  for (int64_t i = 0; i < expected.size(0); ++i) {
    EXPECT_LE((actual[i].to(at::kDouble) - expected[i]).norm().item<double>(),
              tolerance * expected[i].norm().item<double>())
        << what << " of module " << i;
  }
}

template <typename Storage, typename Number>
void ExpectAutograds(const Sizes& sizes, BeliefUpdate update, Losses losses, Way way, at::ScalarType type,
                     double tolerance) {
  const Problem problem = MakeProblem(sizes, update, losses, type);
  for (const int64_t window : {sizes.depth, int64_t{2}}) {
    SCOPED_TRACE(testing::Message() << "seed " << kSeed << ", L " << sizes.depth << ", C " << sizes.classes << ", H "
                                    << sizes.hidden << ", B " << sizes.batch << ", " << type << ", " << window
                                    << " modules at a time");
    const Gradients actual = RunOnThreads<Storage, Number>(problem, losses, way, window, type);
    ExpectNear(actual.logits, problem.logits_gradient, tolerance, "gradient by logits");
    ExpectNear(actual.hidden, problem.hidden_gradient, tolerance, "gradient by hidden units");
  }
}

class ChainBackTest : public testing::TestWithParam<std::tuple<BeliefUpdate, Losses, Way>> {};

// Rows past the batch's end, columns past the weights', fewer and more columns than threads, blocks of a cluster with fewer hidden units
// than others and with none.
TEST_P(ChainBackTest, GivesWhatAutogradGives) {
  const auto [update, losses, way] = GetParam();
  for (const Sizes& sizes :
       std::vector<Sizes>{{1, 2, 4, 1}, {3, 10, 9, 7}, {2, 100, 33, 5}, {2, 7, 70, 6}, {5, 5, 36, 9}, {3, 9, 5, 11}}) {
    ExpectAutograds<double, double>(sizes, update, losses, way, at::kDouble, 1e-12);
    ExpectAutograds<float, float>(sizes, update, losses, way, at::kFloat, 1e-5);
    ExpectAutograds<c10::BFloat16, float>(sizes, update, losses, way, at::kBFloat16, 3e-2);
  }
}

INSTANTIATE_TEST_SUITE_P(All, ChainBackTest,
                         testing::Combine(testing::Values(BeliefUpdate::kReplace, BeliefUpdate::kResidual),
                                          testing::Values(Losses::kLast, Losses::kAll),
                                          testing::Values(Way::kAlone, Way::kTwo, Way::kFour, Way::kEight)),
                         [](const auto& info) {
                           return BeliefUpdateNames()[static_cast<size_t>(std::get<0>(info.param))] +
                                  (std::get<1>(info.param) == Losses::kAll ? "_all_losses_" : "_last_loss_") +
                                  std::to_string(1 << static_cast<int>(std::get<2>(info.param)));
                         });

// A row that is no number stays so, and others do not become so.
TEST(ChainBack, ANanStaysInItsRow) {
  Problem problem = MakeProblem({3, 5, 8, 6}, BeliefUpdate::kReplace, Losses::kLast, at::kFloat);
  problem.belief_gradients[2][4][1] = std::numeric_limits<double>::quiet_NaN();
  for (const Way way : {Way::kAlone, Way::kEight}) {
    const Gradients actual = RunOnThreads<float, float>(problem, Losses::kLast, way, 3, at::kFloat);
    const at::Tensor nan = actual.logits.isnan();
    EXPECT_TRUE(nan.select(1, 4).all().item<bool>());
    EXPECT_EQ(nan.sum().item<int64_t>(), 3 * 5);
  }
}

}  // namespace
}  // namespace sid::kernels
