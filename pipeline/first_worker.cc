#include "pipeline/first_worker.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <utility>

namespace sid {

FirstWorker::FirstWorker(SidLearner& learner, std::vector<Worker>& workers, Sender& next, std::vector<Other> others,
                         size_t most_under_way)
    : learner_(learner), workers_(workers), next_(next), others_(std::move(others)), most_under_way_(most_under_way) {
  const RowLayout layout = LayoutOfRows(learner, workers);
  const at::Device device = learner.State()[0].tensor.device();
  for (const std::vector<int64_t>& places : layout.places) places_.push_back(at::tensor(places).to(device));
  columns_ = layout.columns;
}

std::vector<at::Tensor> FirstWorker::Begin(const Batch& batch, double learning_rate) {
  own_rows_.push_back(workers_[0].Step(
      {batch.images, learner_.FirstBelief(batch), batch.labels, LearningRateOn(batch.images.device(), learning_rate)},
      [&](const Work& work) { next_.Send(Encode(Order::kStep, work)); }));
  ++steps_;
  if (own_rows_.size() <= most_under_way_) return {};
  return {EndOldest()};
}

at::Tensor FirstWorker::EndOldest() {
  at::Tensor row = at::zeros({columns_}, own_rows_.front().options());
  row.index_copy_(0, places_[0], own_rows_.front());
  own_rows_.pop_front();
  // The last one's part comes last: it alone knows z and what was right.
  for (size_t k = 0; k < others_.size(); ++k) row.index_copy_(0, places_[k + 1], others_[k].home->Receive().at(0));
  return row;
}

std::vector<at::Tensor> FirstWorker::Drain() {
  std::vector<at::Tensor> rows;
  while (!own_rows_.empty()) rows.push_back(EndOldest());
  const bool elsewhere = others_[0].to_it != nullptr;
  sent_ = next_.sent();
  if (elsewhere) next_.Send(Encode(Order::kSendState));
  for (size_t k = 0; elsewhere && k < others_.size(); ++k) {
    const std::vector<at::Tensor> state = others_[k].home->Receive();
    Unpack(state.at(0), workers_[k + 1].State());
    sent_ += state.at(1).item<int64_t>();
  }
  return rows;
}

double FirstWorker::BytesPerStep() const {
  return steps_ == 0 ? 0 : static_cast<double>(sent_) / static_cast<double>(steps_);
}

void FirstWorker::TakeState() {
  if (others_[0].to_it == nullptr) return;
  next_.Send(Encode(Order::kTakeState));
  for (size_t k = 0; k < others_.size(); ++k) others_[k].to_it->Send({Pack(workers_[k + 1].State())});
}

void FirstWorker::End() { next_.Send(Encode(Order::kEnd)); }

}  // namespace sid
