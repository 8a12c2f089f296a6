// The kernel's own code on the CPU, with its threads and its synchronisation, against LibTorch's operations.

#include "sid/cascade/kernel/chain.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/isnan.h>
#include <ATen/ops/linspace.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/random.h"
#include "sid/belief/belief.h"
#include "sid/cascade/batched.h"
#include "sid/cascade/closed_form.h"
#include "sid/cascade/kernel/threads_for_tests.h"
#include "sid/network/initialisation.h"

namespace sid::kernels {
namespace {

constexpr uint64_t kSeed = 17;

// weights [n, rows, columns] -> [n, columns, rows], both filled up with zeros.
at::Tensor Transposed(const at::Tensor& weights) {
  const int64_t rows = -weights.size(1) & (kQuad - 1), columns = -weights.size(2) & (kQuad - 1);
  return at::constant_pad_nd(weights.transpose(1, 2), {0, rows, 0, columns}).contiguous();
}

struct Sizes {
  int64_t depth, classes, hidden, batch;
};

struct Problem {
  Cascade modules;
  StepInputs inputs;
  at::Tensor log_q, alphas;
};

Problem MakeProblem(const Sizes& sizes, Divergence divergence, BeliefUpdate belief_update, at::ScalarType type) {
  Network network = EmptyNetwork({.classes = sizes.classes,
                                  .depth = sizes.depth,
                                  .features = 6,
                                  .hidden = sizes.hidden,
                                  .belief_update = belief_update});
  Initialise(Initialisation::kPyTorch, kSeed, at::Tensor(), network);
  at::Generator generator = MakeGenerator(kSeed, RandomUse::kSynthetic);
  const double smoothing = divergence == Divergence::kReverse ? 0.1 : 0;
  const at::Tensor labels = at::randint(sizes.classes, {sizes.batch}, generator, at::kLong);
  const at::ScalarType numbers = BeliefType(type);
  return {CloneTo(network, at::kCPU, type).stages[0].heads,
          {at::randn({sizes.batch, 6}, generator, at::kFloat).to(type),
           TargetBelief(labels, sizes.classes, smoothing, type)},
          BeliefOf(at::randn({sizes.batch, sizes.classes}, generator, at::kDouble)).to(numbers),
          at::linspace(1, 0.2, sizes.depth, at::TensorOptions(numbers))};
}

template <typename Storage, typename Number>
ChainResult RunOnThreads(const Problem& problem, Divergence divergence, Way way) {
  const Cascade& modules = problem.modules;
  const int64_t depth = modules.depth(), batch = problem.log_q.size(0), classes = modules.classes();
  ChainResult result{.hidden = FeaturesHalf(modules, problem.inputs.features).contiguous(),
                     .losses = at::empty({depth, batch}, problem.log_q.options()),
                     .logits_gradient = at::empty({depth, batch, classes}, modules.hidden_bias.options())};
  const at::Tensor log_beliefs = at::empty({depth + 1, batch, classes}, problem.log_q.options());
  log_beliefs[0].copy_(problem.log_q);
  const at::Tensor belief_weight = Transposed(modules.belief_weight), output_weight = Transposed(modules.output_weight);
  const at::Tensor output_bias = at::constant_pad_nd(modules.output_bias, {0, -classes & (kQuad - 1)});
  auto storage = [](const at::Tensor& tensor) { return static_cast<Storage*>(tensor.data_ptr()); };
  auto number = [](const at::Tensor& tensor) { return static_cast<Number*>(tensor.data_ptr()); };
  RunAllRows(
      Chain<Storage, Number>{static_cast<int>(batch), static_cast<int>(depth),
                             static_cast<int>(modules.hidden_bias.size(1)), static_cast<int>(classes),
                             divergence == Divergence::kReverse, modules.belief_update == BeliefUpdate::kResidual,
                             storage(belief_weight), storage(output_weight), storage(output_bias),
                             number(problem.alphas), number(problem.inputs.log_y), storage(result.hidden),
                             number(log_beliefs), storage(result.logits_gradient), number(result.losses)},
      way);
  result.teachers = log_beliefs.slice(0, 0, -1).exp();
  result.log_belief = log_beliefs[depth];
  return result;
}

void ExpectNear(const at::Tensor& actual, const at::Tensor& expected, double tolerance, const char* what) {
  const at::Tensor a = actual.to(at::kDouble), e = expected.to(at::kDouble);
  EXPECT_LE((a - e).norm().item<double>(), tolerance * e.norm().item<double>()) << what;
}

template <typename Storage, typename Number>
void ExpectOperationsResult(const Sizes& sizes, Divergence divergence, BeliefUpdate belief_update, Way way,
                            at::ScalarType type, double tolerance) {
  SCOPED_TRACE(testing::Message() << "seed " << kSeed << ", L " << sizes.depth << ", C " << sizes.classes << ", H "
                                  << sizes.hidden << ", B " << sizes.batch << ", " << type);
  const Problem problem = MakeProblem(sizes, divergence, belief_update, type);
  PhaseTimer untimed;
  const ChainResult expected =
      ChainByOperations(problem.modules, divergence, problem.alphas, problem.inputs, problem.log_q, untimed);
  const ChainResult actual = RunOnThreads<Storage, Number>(problem, divergence, way);
  ExpectNear(actual.hidden, expected.hidden, tolerance, "hidden");
  ExpectNear(actual.teachers, expected.teachers, tolerance, "teachers");
  ExpectNear(actual.losses, expected.losses, tolerance, "losses");
  ExpectNear(actual.logits_gradient, expected.logits_gradient, tolerance, "gradient by logits");
  ExpectNear(actual.log_belief, expected.log_belief, tolerance, "last belief");
}

// Rows past the batch's end, columns past the weights', fewer and more columns than threads, blocks of a cluster with fewer hidden units
// than others and with none.
std::vector<Sizes> AllSizes() {
  return {{1, 2, 4, 1}, {3, 10, 9, 7}, {2, 100, 32, 5}, {2, 7, 70, 6}, {5, 5, 36, 9}, {2, 9, 1, 11}};
}

class ChainTest : public testing::TestWithParam<std::tuple<Divergence, BeliefUpdate, Way>> {};

TEST_P(ChainTest, GivesWhatOperationsGive) {
  const auto [divergence, update, way] = GetParam();
  for (const Sizes& sizes : AllSizes()) {
    ExpectOperationsResult<double, double>(sizes, divergence, update, way, at::kDouble, 1e-12);
    ExpectOperationsResult<float, float>(sizes, divergence, update, way, at::kFloat, 1e-5);
    ExpectOperationsResult<c10::BFloat16, float>(sizes, divergence, update, way, at::kBFloat16, 2e-2);
  }
}
// How often the 32 banks of shared memory, of 4 bytes each, are needed for one access of a warp: 16 bytes by each of 8 lanes at a time, or 4
// by each of 32. 1 is the least.
int Wavefronts(const std::vector<int>& floats, int width) {
  int needed = 0;
  for (size_t first = 0; first < floats.size(); first += 32 / width) {
    std::map<int, std::set<int>> words;
    for (size_t lane = first; lane < std::min(floats.size(), first + 32 / width); ++lane) {
      for (int w = 0; w < width; ++w) words[(floats[lane] + w) % 32].insert(floats[lane] + w);
    }
    size_t most = 0;
    for (const auto& [bank, different] : words) most = std::max(most, different.size());
    needed += static_cast<int>(most);
  }
  return needed;
}

// Of all warps, as 256 threads write and read partial sums of [8, 32] hidden units and [8, 100] logits.
TEST(PartialPlace, NeighboursMeetInFewBanks) {
  constexpr int kRows = 8;
  for (const auto& [inner, columns] : {std::pair(100, 32), {32, 100}}) {
    const Split split = SplitOf<kRows>(256, inner, columns);
    int stores = 0, loads = 0, weights = 0, warps = 0;
    for (int warp = 0; warp * 32 < split.tiles * split.parts; ++warp, ++warps) {
      std::vector<int> stored, loaded, rows;
      for (int unit = warp * 32; unit < std::min(warp * 32 + 32, split.tiles * split.parts); ++unit) {
        const int tile = unit % split.tiles, row = tile % 2 * 4, column = tile / 2 * 4, part = unit / split.tiles;
        stored.push_back(PartialPlace<kRows>(part, row, column, PitchOf(columns)));
        loaded.push_back(PartialPlace<kRows>(0, warp % kRows, unit % 32, PitchOf(columns)));
        rows.push_back(row * PitchOf(inner) + part * 4);
      }
      stores += Wavefronts(stored, 4);
      loads += Wavefronts(loaded, 1);
      weights += Wavefronts(rows, 4);
    }
    EXPECT_LE(stores, 4 * warps * 1.3) << columns;  // 4 passes of 8 lanes are the least
    EXPECT_LE(loads, warps) << columns;
    EXPECT_LE(weights, 4 * warps) << columns;
  }
}

// No sum lies on another one, and none outside.
TEST(PartialPlace, EachSumHasAPlaceOfItsOwn) {
  constexpr int kRows = 8;
  for (const auto& [threads, hidden, classes, ranks] :
       {std::tuple(256, 256, 100, 8), {512, 4096, 12, 1}, {12, 20, 8, 2}, {256, 4, 1000, 8}}) {
    const Layout layout = LayoutOf<kRows>(threads, hidden, classes, ranks);
    for (const auto& [inner, columns] : {std::pair(classes, layout.slice), {layout.slice, classes}}) {
      const Split split = SplitOf<kRows>(threads, inner, columns);
      std::set<int> seen;
      for (int part = 0; part < split.parts; ++part) {
        for (int row = 0; row < kRows; ++row) {
          for (int column = 0; column < columns; ++column) {
            seen.insert(PartialPlace<kRows>(part, row, column, PitchOf(columns)));
          }
        }
      }
      EXPECT_EQ(seen.size(), static_cast<size_t>(split.parts) * kRows * columns);
      EXPECT_LT(*seen.rbegin(), layout.size - layout.partial);
    }
  }
}

// A kernel that swallowed it would train on, on numbers that mean nothing.
TEST(Chain, ANanSpreadsAsInOperations) {
  Problem problem = MakeProblem({3, 5, 8, 6}, Divergence::kForward, BeliefUpdate::kReplace, at::kFloat);
  problem.inputs.features[2][0] = std::numeric_limits<float>::quiet_NaN();
  PhaseTimer untimed;
  const ChainResult expected =
      ChainByOperations(problem.modules, Divergence::kForward, problem.alphas, problem.inputs, problem.log_q, untimed);
  for (const Way way : {Way::kAlone, Way::kEight}) {
    const ChainResult actual = RunOnThreads<float, float>(problem, Divergence::kForward, way);
    EXPECT_TRUE(actual.hidden[2].isnan().all().item<bool>()) << "its row";
    for (const auto& [ours, theirs] : {std::pair{actual.hidden, expected.hidden},
                                       {actual.losses, expected.losses},
                                       {actual.logits_gradient, expected.logits_gradient}}) {
      EXPECT_TRUE(at::equal(ours.isnan(), theirs.isnan()));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, ChainTest,
                         testing::Combine(testing::Values(Divergence::kForward, Divergence::kReverse),
                                          testing::Values(BeliefUpdate::kReplace, BeliefUpdate::kResidual),
                                          testing::Values(Way::kAlone, Way::kTwo, Way::kFour, Way::kEight)),
                         [](const auto& info) {
                           return DivergenceNames()[static_cast<size_t>(std::get<0>(info.param))] + "_" +
                                  BeliefUpdateNames()[static_cast<size_t>(std::get<1>(info.param))] + "_" +
                                  std::to_string(1 << static_cast<int>(std::get<2>(info.param)));
                         });

}  // namespace
}  // namespace sid::kernels
