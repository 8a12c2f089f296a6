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
#include <barrier>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "base/random.h"
#include "sid/belief/belief.h"
#include "sid/cascade/batched.h"
#include "sid/cascade/closed_form.h"
#include "sid/network/initialisation.h"

namespace sid::kernels {
namespace {

constexpr uint64_t kSeed = 17;

// Threads of the CPU in groups of lanes, as a GPU's block of warps.
class ThreadTeam {
 public:
  static constexpr int kLanes = 4, kGroups = 3;

  struct Shared {
    std::barrier<> all{kLanes * kGroups};
    std::barrier<> group[kGroups]{std::barrier<>(kLanes), std::barrier<>(kLanes), std::barrier<>(kLanes)};
    double values[kGroups][kLanes];
  };

  ThreadTeam(Shared& shared, int thread) : shared_(shared), thread_(thread) {}

  int thread() const { return thread_; }
  int threads() const { return kLanes * kGroups; }
  int group() const { return thread_ / kLanes; }
  int groups() const { return kGroups; }
  void Synchronise() const { shared_.all.arrive_and_wait(); }

  class Lanes {
   public:
    explicit Lanes(const ThreadTeam& team) : team_(team) {}
    int lane() const { return team_.thread_ % kLanes; }
    int lanes() const { return kLanes; }
    template <typename Number>
    Number Sum(Number value) const {
      return Combine(value, [](Number a, Number b) { return a + b; });
    }
    template <typename Number>
    Number Max(Number value) const {
      return Combine(value, [](Number a, Number b) { return a > b ? a : b; });
    }

   private:
    template <typename Number, typename Operation>
    Number Combine(Number value, const Operation& operation) const {
      auto& values = team_.shared_.values[team_.group()];
      auto& group = team_.shared_.group[team_.group()];
      values[lane()] = value;
      group.arrive_and_wait();
      Number result = static_cast<Number>(values[0]);
      for (int k = 1; k < kLanes; ++k) result = operation(result, static_cast<Number>(values[k]));
      group.arrive_and_wait();
      return result;
    }
    const ThreadTeam& team_;
  };
  Lanes GroupLanes() const { return Lanes(*this); }

 private:
  Shared& shared_;
  int thread_;
};

template <typename Storage, typename Number>
void RunAllRows(const Chain<Storage, Number>& chain) {
  for (int first = 0; first < chain.batch; first += kRows) {
    const int threads = ThreadTeam::kLanes * ThreadTeam::kGroups;
    ThreadTeam::Shared barriers;
    std::vector<Number> shared(
        LayoutOf(threads, chain.hidden, chain.classes, chain.hidden_stride, chain.class_stride).size);
    std::vector<std::thread> team;
    team.reserve(threads);
    for (int thread = 0; thread < threads; ++thread) {
      team.emplace_back([&, thread] {
        const ThreadTeam own(barriers, thread);
        Block<Storage, Number, ThreadTeam>(own, chain, first, shared.data()).Run();
      });
    }
    for (std::thread& thread : team) thread.join();
  }
}

// weights [n, rows, columns] -> [n, columns, rows filled up with zeros].
at::Tensor Transposed(const at::Tensor& weights) {
  const int64_t missing = (kColumns - weights.size(1) % kColumns) % kColumns;
  return at::constant_pad_nd(weights.transpose(1, 2), {0, missing}).contiguous();
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
ChainResult RunOnThreads(const Problem& problem, Divergence divergence) {
  const Cascade& modules = problem.modules;
  const int64_t depth = modules.depth(), batch = problem.log_q.size(0), classes = modules.classes();
  ChainResult result{.hidden = FeaturesHalf(modules, problem.inputs.features).contiguous(),
                     .losses = at::empty({depth, batch}, problem.log_q.options()),
                     .logits_gradient = at::empty({depth, batch, classes}, modules.hidden_bias.options())};
  const at::Tensor log_beliefs = at::empty({depth + 1, batch, classes}, problem.log_q.options());
  log_beliefs[0].copy_(problem.log_q);
  const at::Tensor belief_weight = Transposed(modules.belief_weight), output_weight = Transposed(modules.output_weight);
  auto storage = [](const at::Tensor& tensor) { return static_cast<Storage*>(tensor.data_ptr()); };
  auto number = [](const at::Tensor& tensor) { return static_cast<Number*>(tensor.data_ptr()); };
  RunAllRows(Chain<Storage, Number>{
      static_cast<int>(batch), static_cast<int>(depth), static_cast<int>(modules.hidden_bias.size(1)),
      static_cast<int>(classes), static_cast<int>(belief_weight.size(2)), static_cast<int>(output_weight.size(2)),
      divergence == Divergence::kReverse, modules.belief_update == BeliefUpdate::kResidual, storage(belief_weight),
      storage(output_weight), storage(modules.output_bias), number(problem.alphas), number(problem.inputs.log_y),
      storage(result.hidden), number(log_beliefs), storage(result.logits_gradient), number(result.losses)});
  result.teachers = log_beliefs.slice(0, 0, -1).exp();
  result.log_belief = log_beliefs[depth];
  return result;
}

void ExpectNear(const at::Tensor& actual, const at::Tensor& expected, double tolerance, const char* what) {
  const at::Tensor a = actual.to(at::kDouble), e = expected.to(at::kDouble);
  EXPECT_LE((a - e).norm().item<double>(), tolerance * e.norm().item<double>()) << what;
}

template <typename Storage, typename Number>
void ExpectOperationsResult(const Sizes& sizes, Divergence divergence, BeliefUpdate belief_update, at::ScalarType type,
                            double tolerance) {
  SCOPED_TRACE(testing::Message() << "seed " << kSeed << ", L " << sizes.depth << ", C " << sizes.classes << ", H "
                                  << sizes.hidden << ", B " << sizes.batch << ", " << type);
  const Problem problem = MakeProblem(sizes, divergence, belief_update, type);
  PhaseTimer untimed;
  const ChainResult expected =
      ChainByOperations(problem.modules, divergence, problem.alphas, problem.inputs, problem.log_q, untimed);
  const ChainResult actual = RunOnThreads<Storage, Number>(problem, divergence);
  ExpectNear(actual.hidden, expected.hidden, tolerance, "hidden");
  ExpectNear(actual.teachers, expected.teachers, tolerance, "teachers");
  ExpectNear(actual.losses, expected.losses, tolerance, "losses");
  ExpectNear(actual.logits_gradient, expected.logits_gradient, tolerance, "gradient by logits");
  ExpectNear(actual.log_belief, expected.log_belief, tolerance, "last belief");
}

// Rows past the batch's end, columns past the weights', fewer and more columns than threads.
std::vector<Sizes> AllSizes() {
  return {{1, 2, 4, 1}, {3, 10, 16, 7}, {8, 10, 9, 4}, {2, 100, 32, 5}, {2, 7, 70, 6}, {16, 5, 12, 9}};
}

class ChainTest : public testing::TestWithParam<std::tuple<Divergence, BeliefUpdate>> {};

TEST_P(ChainTest, GivesWhatOperationsGive) {
  const auto [divergence, update] = GetParam();
  for (const Sizes& sizes : AllSizes()) {
    ExpectOperationsResult<double, double>(sizes, divergence, update, at::kDouble, 1e-12);
    ExpectOperationsResult<float, float>(sizes, divergence, update, at::kFloat, 1e-5);
    ExpectOperationsResult<c10::BFloat16, float>(sizes, divergence, update, at::kBFloat16, 2e-2);
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

// Of all warps, as the kernel's 512 threads write and read partial sums of H = 256 and C = 100 columns.
TEST(PartialPlace, NeighboursMeetInFewBanks) {
  for (const int stride : {256, 100}) {
    const int groups = stride / kColumns, parts = 512 / groups;
    int stores = 0, loads = 0, warps = 0;
    for (int warp = 0; warp * 32 < groups * parts; ++warp, ++warps) {
      std::vector<int> stored, loaded;
      for (int unit = warp * 32; unit < std::min(warp * 32 + 32, groups * parts); ++unit) {
        stored.push_back(PartialPlace(unit / groups, stride, unit % groups * kColumns));
        loaded.push_back(PartialPlace(0, stride, unit / kRows) + unit % kRows);
      }
      stores += Wavefronts(stored, 4);
      loads += Wavefronts(loaded, 1);
    }
    EXPECT_LE(stores, 4 * warps * 1.3) << stride;  // 4 passes of 8 lanes are the least
    EXPECT_LE(loads, 2 * warps) << stride;
  }
}

// No sum lies on another one, and none outside.
TEST(PartialPlace, EachSumHasAPlaceOfItsOwn) {
  for (const auto& [threads, hidden, classes] : {std::tuple(512, 256, 100), {512, 4096, 12}, {12, 20, 8}}) {
    const Layout layout = LayoutOf(threads, hidden, classes, hidden, classes);
    for (const int stride : {hidden, classes}) {
      const int groups = stride / kColumns, parts = threads > groups ? threads / groups : 1;
      std::set<int> seen;
      for (int part = 0; part < parts; ++part) {
        for (int column = 0; column < stride; ++column) {
          for (int row = 0; row < kRows; ++row) seen.insert(PartialPlace(part, stride, column) + row);
        }
      }
      EXPECT_EQ(seen.size(), static_cast<size_t>(parts) * stride * kRows);
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
  const ChainResult actual = RunOnThreads<float, float>(problem, Divergence::kForward);
  EXPECT_TRUE(actual.hidden[2].isnan().all().item<bool>()) << "its row";
  for (const auto& [ours, theirs] : {std::pair{actual.hidden, expected.hidden},
                                     {actual.losses, expected.losses},
                                     {actual.logits_gradient, expected.logits_gradient}}) {
    EXPECT_TRUE(at::equal(ours.isnan(), theirs.isnan()));
  }
}

INSTANTIATE_TEST_SUITE_P(All, ChainTest,
                         testing::Combine(testing::Values(Divergence::kForward, Divergence::kReverse),
                                          testing::Values(BeliefUpdate::kReplace, BeliefUpdate::kResidual)),
                         [](const auto& info) {
                           return DivergenceNames()[static_cast<size_t>(std::get<0>(info.param))] + "_" +
                                  BeliefUpdateNames()[static_cast<size_t>(std::get<1>(info.param))];
                         });

}  // namespace
}  // namespace sid::kernels
