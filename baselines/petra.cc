#include "baselines/petra.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/concat.h>
#include <ATen/ops/ones_like.h>

#include <utility>

#include "sid/network/reversible.h"
#include "third_party/logging/logging.h"
#include "training/watch.h"

namespace sid {
namespace {

// The pass back recomputes.
constexpr Pass kQuietPass{.training = true};

struct Gradients {
  std::vector<at::Tensor> by_leaves;
  at::Tensor by_x;  // undefined where x takes none
};
// Of what has `gradient` by `output`.
Gradients Pull(const at::Tensor& output, std::vector<at::Tensor> leaves, const at::Tensor& x,
               const at::Tensor& gradient) {
  if (!x.requires_grad()) return {GradientsFrom(output, leaves, gradient), {}};
  leaves.push_back(x);
  Gradients gradients{GradientsFrom(output, leaves, gradient), {}};
  gradients.by_x = std::move(gradients.by_leaves.back());
  gradients.by_leaves.pop_back();
  return gradients;
}

class PetraPipeline : public Pipeline {
 public:
  explicit PetraPipeline(PetraLearner& learner)
      : learner_(learner), watch_(learner.State()), device_(watch_.tensors().at(0).tensor.device()) {}

  std::vector<at::Tensor> Begin(const Batch& batch, double learning_rate) override {
    learning_rate_ = LearningRateOn(device_, learning_rate);
    learner_.Enter(batch);
    return Tick();
  }

  std::vector<at::Tensor> Drain() override {
    std::vector<at::Tensor> rows;
    while (learner_.has_batches()) Append(rows, Tick());
    return rows;
  }

  void TakeState() override { CHECK(!learner_.has_batches()); }

  bool is_exact() const override { return false; }

 private:
  std::vector<at::Tensor> Tick() {
    PhaseTimer untimed;
    const std::optional<PetraLearner::Ended> ended = learner_.Tick(learning_rate_, untimed);
    if (!ended) return {};
    return {watch_.Row(ended->result, ended->labels)};
  }

  PetraLearner& learner_;
  Watch watch_;
  at::Device device_;
  at::Tensor learning_rate_;
};

}  // namespace

absl::Status ValidatePetra(const Network& network) {
  for (const Block& block : network.stages[0].blocks)
    if (block.coupling != nullptr) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "petra finds what a block was given from what it handed on, and the network has no reversible block: use "
      "revnet18");
}

PetraLearner::PetraLearner(Network network, const PeerOptions& options, const OptimizerOptions& optimizer)
    : Peer(std::move(network), options) {
  CHECK(ValidatePetra(network_).ok());
  const size_t blocks = stage().blocks.size();
  for (size_t b = 0; b < blocks; ++b) optimizers_.emplace_back(BlockParameters(network_, b), optimizer);
  optimizers_.emplace_back(TopParameters(network_), optimizer);
  forth_.resize(blocks + 1);
  back_.resize(blocks);
  kept_.resize(blocks);
}

StepResult PetraLearner::Step(const Batch& batch, const at::Tensor& learning_rate, PhaseTimer& timer) {
  CHECK(!has_batches());
  Enter(batch);
  std::optional<Ended> ended;
  while (!ended) ended = Tick(learning_rate, timer);
  return ended->result;
}

void PetraLearner::Enter(const Batch& batch) {
  CHECK(!forth_[0].h.defined());
  forth_[0] = {batch.images.to(compute_type_), batch.labels};
  ++under_way_;
}

std::optional<PetraLearner::Ended> PetraLearner::Tick(const at::Tensor& learning_rate, PhaseTimer& timer) {
  const size_t blocks = kept_.size();
  std::vector<Forth> forth = std::exchange(forth_, std::vector<Forth>(blocks + 1));
  std::vector<Back> back = std::exchange(back_, std::vector<Back>(blocks));
  const bool ends = back[0].h.defined();
  for (size_t s = 0; s <= blocks; ++s) {
    const bool last = s == blocks;
    if (!last && forth[s].h.defined()) {
      const ScopedPhase phase(timer, "forward");
      GoForth(s, std::exchange(forth[s], {}));
    }
    if (!(last ? forth[s].h : back[s].h).defined()) continue;
    std::vector<at::Tensor> gradients;
    {
      const ScopedPhase phase(timer, "backward");
      gradients = last ? TurnRound(forth[s]) : GoBack(s, std::exchange(back[s], {}));
    }
    const ScopedPhase phase(timer, "optimizer");
    optimizers_[s].Step(std::move(gradients), learning_rate);
  }
  if (!ends) return std::nullopt;
  --under_way_;
  Ended ended = std::move(shown_.front());
  shown_.pop_front();
  return ended;
}

void PetraLearner::GoForth(size_t block, const Forth& given) {
  const at::NoGradGuard no_graph;
  const Stage own = CastBody(OnlyBlock(stage(), block), compute_type_);
  if (own.blocks[0].coupling == nullptr) kept_[block].push_back(given.h);
  forth_[block + 1] = {own.blocks[0].forward(given.h, own.tensors[0], kLearningPass), given.labels};
}

std::vector<at::Tensor> PetraLearner::GoBack(size_t block, const Back& given) {
  Gradients gradients;
  Back handed;
  if (stage().blocks[block].coupling == nullptr) {
    handed.h = std::move(kept_[block].front());
    kept_[block].pop_front();
    const at::Tensor x = handed.h.detach().requires_grad_(block > 0);
    const BlockPass pass = RunBlock(network_, block, compute_type_, x, kQuietPass);
    gradients = Pull(pass.output, pass.leaves, x, given.gradient);
    handed.gradient = gradients.by_x;
  } else {
    // What was given, and the graph of F, from one F: x1 came through, and x2 was added to it.
    const at::Tensor x1 = SecondStream(given.h).detach().requires_grad_(true), by_f = FirstStream(given.gradient);
    const BlockPass f = RunBlock(network_, block, compute_type_, x1, kQuietPass, &Block::coupling);
    gradients = Pull(f.output, f.leaves, x1, by_f);
    handed = {Uncouple(given.h, f.output.detach()),
              at::concat({SecondStream(given.gradient) + gradients.by_x, by_f}, 1)};
  }
  if (block > 0) back_[block - 1] = std::move(handed);
  return gradients.by_leaves;
}

std::vector<at::Tensor> PetraLearner::TurnRound(const Forth& given) {
  const at::AutoGradMode with_graph(true);
  const at::Tensor h = given.h.detach().requires_grad_(true);
  const TopPass top = RunTop(network_, compute_type_, h);
  const at::Tensor loss = CrossEntropy(given.labels, top.log_belief);
  const Gradients gradients = Pull(loss, top.leaves, h, at::ones_like(loss));
  back_.back() = {given.h, gradients.by_x};
  shown_.push_back({{loss.detach().unsqueeze(0), top.log_belief.detach(), top.features.detach()}, given.labels});
  return gradients.by_leaves;
}

std::unique_ptr<Pipeline> MakePetraPipeline(PetraLearner& learner) { return std::make_unique<PetraPipeline>(learner); }

}  // namespace sid
