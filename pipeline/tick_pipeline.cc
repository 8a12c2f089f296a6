#include "pipeline/tick_pipeline.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/concat.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/machine/streams.h"
#include "pipeline/worker.h"
#include "sid/optimizer/optimizer.h"

namespace sid {
namespace {

// The rows of the steps under way, [K, columns]: row k is that of the step which worker k has just taken.
class Rows {
 public:
  explicit Rows(const RowLayout& layout, const at::TensorOptions& options) {
    const auto workers = static_cast<int64_t>(layout.places.size()), columns = layout.columns;
    rows_ = at::zeros({workers, columns}, options);
    // Before, as many numbers as here, row by row, then the parts: from which of these does each number come?
    std::vector<int64_t> sources(workers * columns, 0);
    for (int64_t place = columns; place < workers * columns; ++place) sources[place] = place - columns;
    int64_t source = workers * columns;
    for (int64_t k = 0; k < workers; ++k) {
      for (const int64_t place : layout.places[k]) sources[k * columns + place] = source++;
      idle_parts_.push_back(at::zeros({static_cast<int64_t>(layout.places[k].size())}, options));
    }
    sources_ = at::tensor(sources, at::kLong).to(options.device());
  }

  // A tick has ended.
  void Advance(const std::vector<at::Tensor>& parts) {
    std::vector<at::Tensor> all = {rows_.flatten()};
    all.insert(all.end(), parts.begin(), parts.end());
    rows_.copy_(at::concat(all).index_select(0, sources_).view(rows_.sizes()));
  }

  at::Tensor Last() const { return rows_[-1].clone(); }

  // Each worker's part where it has no batch.
  const std::vector<at::Tensor>& idle_parts() const { return idle_parts_; }

 private:
  at::Tensor rows_, sources_;
  std::vector<at::Tensor> idle_parts_;
};

void Copy(const Work& from, Work& to) {
  const auto copy = [](const at::Tensor& source, at::Tensor& target) {
    if (target.defined()) {
      target.copy_(source);
    } else {
      target = source.clone();  // with its layout in memory
    }
  };
  copy(from.features, to.features);
  copy(from.log_belief, to.log_belief);
  copy(from.labels, to.labels);
  copy(from.learning_rate, to.learning_rate);
}

class TickPipeline : public Pipeline {
 public:
  TickPipeline(SidLearner& learner, int64_t workers, std::unique_ptr<Graph> graph)
      : learner_(learner),
        workers_(MakeWorkers(learner, workers)),
        graph_(std::move(graph)),
        options_(workers_[0].watch().tensors().at(0).tensor.detach().options()),
        streams_(MakeStreams(options_.device(), workers)),
        rows_(LayoutOfRows(learner, workers_), options_),
        inputs_(workers),
        has_batch_(workers, false) {}

  std::vector<at::Tensor> Begin(const Batch& batch, double learning_rate) override {
    const Work work{batch.images, learner_.FirstBelief(batch), batch.labels,
                    LearningRateOn(options_.device(), learning_rate)};
    const at::Tensor& usual = inputs_[0].features;
    if (usual.defined() && usual.sizes() != work.features.sizes()) return TakeAlone(work);
    Copy(work, inputs_[0]);
    has_batch_[0] = true;
    return Tick();
  }

  std::vector<at::Tensor> Drain() override {
    std::vector<at::Tensor> rows;
    while (std::count(has_batch_.begin(), has_batch_.end(), true) > 0) {
      for (at::Tensor& row : Tick()) rows.push_back(std::move(row));
    }
    return rows;
  }

  void TakeState() override {}

 private:
  std::vector<at::Tensor> Tick() {
    const bool all = std::count(has_batch_.begin(), has_batch_.end(), false) == 0;
    const bool ends = has_batch_.back();
    if (all && graph_ != nullptr) {
      graph_->Run([this] { StepWorkers(); });
    } else {
      StepWorkers();
    }
    std::rotate(has_batch_.rbegin(), has_batch_.rbegin() + 1, has_batch_.rend());
    has_batch_[0] = false;
    return ends ? std::vector<at::Tensor>{rows_.Last()} : std::vector<at::Tensor>{};
  }

  // The step of each worker that has a batch: all that a graph holds.
  void StepWorkers() {
    std::vector<Work> handed(workers_.size());
    std::vector<at::Tensor> parts = rows_.idle_parts();
    streams_->Mark();
    for (size_t k = 0; k < workers_.size(); ++k) {
      if (!has_batch_[k]) continue;
      streams_->Run(k, [&] { parts[k] = workers_[k].Step(inputs_[k], [&](const Work& work) { handed[k] = work; }); });
    }
    streams_->Join();
    // The last one first: labels and learning rate that a worker hands on are its own input's.
    for (size_t k = workers_.size() - 1; k > 0; --k) {
      if (has_batch_[k - 1]) Copy(handed[k - 1], inputs_[k]);
    }
    rows_.Advance(parts);
  }

  std::vector<at::Tensor> TakeAlone(Work work) {
    std::vector<at::Tensor> rows = Drain();
    std::vector<at::Tensor> parts;
    for (Worker& worker : workers_) {
      Work next;
      parts.push_back(worker.Step(work, [&](const Work& handed) { next = handed; }));
      work = next;
    }
    // Each worker's numbers go with the row to the last place.
    for (size_t k = 0; k < workers_.size(); ++k) rows_.Advance(parts);
    rows.push_back(rows_.Last());
    return rows;
  }

  SidLearner& learner_;
  std::vector<Worker> workers_;
  std::unique_ptr<Graph> graph_;
  at::TensorOptions options_;  // of weights
  std::unique_ptr<Streams> streams_;
  Rows rows_;
  std::vector<Work> inputs_;  // of each worker
  std::vector<bool> has_batch_;
};

}  // namespace

std::unique_ptr<Pipeline> MakeTickPipeline(SidLearner& learner, int64_t workers, std::unique_ptr<Graph> graph) {
  return std::make_unique<TickPipeline>(learner, workers, std::move(graph));
}

}  // namespace sid
