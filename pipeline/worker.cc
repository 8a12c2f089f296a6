#include "pipeline/worker.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/concat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/scalar_tensor.h>

#include <map>
#include <string>
#include <utility>

#include "pipeline/shares.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

std::vector<NamedTensor> StateOf(SidLearner& learner, size_t begin, size_t end) {
  std::vector<NamedTensor> state;
  for (size_t k = begin; k < end; ++k) {
    for (NamedTensor& tensor : learner.stages()[k].State()) state.push_back(std::move(tensor));
  }
  return state;
}

double Flops(const Stage& stage) {
  double flops = 0;
  for (const Block& block : stage.blocks) flops += block.cost.flops;
  return flops;
}

}  // namespace

std::vector<at::Tensor> Encode(Order order, const Work& work) {
  std::vector<at::Tensor> message = {at::scalar_tensor(static_cast<int64_t>(order), at::kLong)};
  if (order != Order::kStep) return message;
  message.insert(message.end(), {work.learning_rate, work.features, work.log_belief, work.labels});
  return message;
}

Worker::Worker(SidLearner& learner, size_t begin, size_t end, Watched watched)
    : learner_(learner),
      begin_(begin),
      end_(end),
      first_module_(learner.network().stages[begin].first_module),
      watch_(StateOf(learner, begin, end), watched) {}

at::Tensor Worker::Step(const Work& work, const std::function<void(const Work&)>& hand_on) {
  StageResult result{.hand = {work.features, work.log_belief, learner_.Target(work.labels)}};
  std::vector<at::Tensor> losses;
  PhaseTimer untimed;
  for (size_t k = begin_; k < end_; ++k) {
    const auto next = [&](const Hand& hand) {
      if (k + 1 == end_ && !is_last()) hand_on({hand.features, hand.log_belief, work.labels, work.learning_rate});
      return std::vector<at::Tensor>();  // without overlap nothing goes back
    };
    result = learner_.stages()[k].Step(result.hand, work.learning_rate, untimed, next);
    losses.push_back(result.losses);
  }
  if (!is_last()) return watch_.Row({.losses = at::concat(losses)}, work.labels);
  return watch_.Row({at::concat(losses), result.hand.log_belief, result.features}, work.labels);
}

std::vector<NamedTensor> Worker::State() const { return StateOf(learner_, begin_, end_); }

int64_t ColumnsOfRow(const Learner& learner) {
  return static_cast<int64_t>(1 + learner.LossDepths().size() + Watch(learner.State()).tensors().size() + 1);
}

std::vector<int64_t> PlacesInRow(const Learner& learner, int64_t begin, int64_t end, const Watch& watch) {
  const Watch all(learner.State());
  std::map<std::string, int64_t> tensors;
  for (const NamedTensor& one : all.tensors()) tensors.emplace(one.name, tensors.size());
  const auto losses = static_cast<int64_t>(learner.LossDepths().size());
  std::vector<int64_t> places{0};
  for (int64_t loss = begin; loss < end; ++loss) places.push_back(1 + loss);
  for (const NamedTensor& one : watch.tensors()) places.push_back(1 + losses + tensors.at(one.name));
  places.push_back(ColumnsOfRow(learner) - 1);
  return places;
}

RowLayout LayoutOfRows(const SidLearner& learner, const std::vector<Worker>& workers) {
  RowLayout layout{.columns = ColumnsOfRow(learner)};
  for (size_t k = 0; k < workers.size(); ++k) {
    const int64_t end = k + 1 < workers.size() ? workers[k + 1].first_module() : learner.network().depth();
    layout.places.push_back(PlacesInRow(learner, workers[k].first_module(), end, workers[k].watch()));
  }
  return layout;
}

std::vector<Worker> MakeWorkers(SidLearner& learner, int64_t count, Watched watched) {
  std::vector<double> costs;
  for (const Stage& stage : learner.network().stages) costs.push_back(Flops(stage));
  return InRuns(costs, count, [&](size_t begin, size_t end) { return Worker(learner, begin, end, watched); });
}

at::Tensor Pack(const std::vector<NamedTensor>& state) {
  if (state.empty()) return at::empty({0});
  std::vector<at::Tensor> flat;
  // Adam's counts are float, whatever the weights are.
  for (const NamedTensor& one : state)
    flat.push_back(one.tensor.detach().reshape({-1}).to(state[0].tensor.scalar_type()));
  return at::concat(flat);
}

void Unpack(const at::Tensor& packed, const std::vector<NamedTensor>& state) {
  const at::NoGradGuard no_graph;
  int64_t place = 0;
  for (const NamedTensor& one : state) {
    one.tensor.copy_(packed.narrow(0, place, one.tensor.numel()).view(one.tensor.sizes()));
    place += one.tensor.numel();
  }
  CHECK_EQ(place, packed.numel());
}

bool ServeOne(Worker& worker, const WorkerChannels& channels) {
  const std::vector<at::Tensor> message = channels.in->Receive();
  const auto order = static_cast<Order>(message.at(0).item<int64_t>());
  if (order == Order::kStep) {
    const auto hand_on = [&](const Work& next) { channels.out->Send(Encode(Order::kStep, next)); };
    channels.home->Send({worker.Step({message.at(2), message.at(3), message.at(4), message.at(1)}, hand_on)});
    return true;
  }
  if (channels.out != nullptr) channels.out->Send(message);
  const int64_t sent_on = channels.out == nullptr ? 0 : channels.out->sent();
  if (order == Order::kSendState) channels.home->Send({Pack(worker.State()), at::scalar_tensor(sent_on, at::kLong)});
  if (order == Order::kTakeState) Unpack(channels.from_home->Receive().at(0), worker.State());
  return order != Order::kEnd;
}

}  // namespace sid
