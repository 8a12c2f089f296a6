#include "pipeline/block_run.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include <utility>

#include "baselines/recompute.h"
#include "pipeline/shares.h"
#include "sid/belief/belief.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

const Stage& StageOf(const BackpropagationLearner& learner) {
  CHECK_EQ(learner.network().stages.size(), 1u) << "bp trains one module that owns all blocks";
  return learner.network().stages[0];
}

// What is not the run's is undefined, and AllTensors passes it over.
Network OnlyRun(const Stage& all, size_t begin, size_t end) {
  Stage run{.first_block = all.first_block + static_cast<int64_t>(begin)};
  run.blocks.assign(all.blocks.begin() + begin, all.blocks.begin() + end);
  run.tensors.assign(all.tensors.begin() + begin, all.tensors.begin() + end);
  if (end == all.blocks.size()) {
    run.read_out = all.read_out;
    run.read_out_tensors = all.read_out_tensors;
    run.heads = all.heads;
  } else {
    run.read_out.forward = [](const at::Tensor& h, const BlockTensors&, const Pass&) { return h; };
  }
  return {{run}};
}

}  // namespace

BlockRun::BlockRun(const BackpropagationLearner& learner, size_t begin, size_t end)
    : begin_(begin),
      options_(learner.options()),
      network_(OnlyRun(StageOf(learner), begin, end)),
      optimizer_(learner.optimizer(), Learning(AllTensors(network_))) {}

BlockRun::Pass BlockRun::Forward(const at::Tensor& input, const at::Tensor& labels, int64_t examples) const {
  constexpr sid::Pass kPass{.training = true, .write_statistics = true};
  const at::AutoGradMode with_graph(true);
  const Network leaves = WithLeaves(network_);
  const at::ScalarType type = ComputeType(options_.precision, Weights().at(0).scalar_type());
  Pass pass{.leaves = Tensors(Learning(AllTensors(leaves))),
            .input = input.detach().to(type).requires_grad_(!is_first()),
            .run = std::make_shared<Stage>(Cast(leaves, type).stages[0])};
  const Stage& stage = *pass.run;
  const BodyResult body =
      options_.recompute ? RunBodyRecomputing(stage, pass.input, kPass) : RunBody(stage, pass.input, kPass);
  pass.output = body.output;
  if (!is_last()) return pass;
  const at::Tensor log_p0 = UniformBelief(input.size(0), stage.heads.classes(), pass.input.options());
  const at::Tensor log_p = Beliefs(stage.heads, body.features, log_p0).back();
  pass.output = CrossEntropy(labels, log_p, options_.smoothing).sum() / examples;
  pass.features = body.features.detach();
  pass.log_belief = log_p.detach();
  return pass;
}

std::vector<at::Tensor> BlockRun::Back(const Pass& pass, const at::Tensor& gradient) const {
  std::vector<at::Tensor> inputs = pass.leaves;
  if (pass.input.requires_grad()) inputs.push_back(pass.input);
  std::vector<at::Tensor> by_output;
  if (gradient.defined()) by_output.push_back(gradient);
  return torch::autograd::grad({pass.output}, inputs, by_output);
}

std::vector<NamedTensor> BlockRun::State() const {
  std::vector<NamedTensor> state = AllTensors(network_);
  for (NamedTensor& tensor : optimizer_.State()) state.push_back(std::move(tensor));
  return state;
}

std::vector<BlockRun> MakeRuns(const BackpropagationLearner& learner, int64_t count) {
  std::vector<double> costs;
  for (const Block& block : StageOf(learner).blocks) costs.push_back(block.cost.flops);
  return InRuns(costs, count, [&](size_t begin, size_t end) { return BlockRun(learner, begin, end); });
}

}  // namespace sid
