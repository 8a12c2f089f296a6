#pragma once

// The first worker, which begins every step, and to which the others send their parts of its row.
//
//   Begin(t):  batch t --own stages--> next worker ...        of step t - w all workers' parts --> the row of step t - w
//
// So at most w steps are under way, and what lies between two workers is bounded.

#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

#include "pipeline/channel.h"
#include "pipeline/worker.h"
#include "sid/learner/sid_learner.h"
#include "training/pipeline.h"

namespace sid {

// What the first worker has of another one.
struct Other {
  Receiver* home;           // brings its rows and its state
  Sender* to_it = nullptr;  // takes it its state; null where it shares the first one's memory
};

class FirstWorker : public Pipeline {
 public:
  // Workers 0, 1 ... of `learner`, of which it runs the first; `next` leads to the second, `others[k]` are of worker k + 1.
  FirstWorker(SidLearner& learner, std::vector<Worker>& workers, Sender& next, std::vector<Other> others,
              size_t most_under_way);

  std::vector<at::Tensor> Begin(const Batch& batch, double learning_rate) override;
  std::vector<at::Tensor> Drain() override;
  void TakeState() override;
  double BytesPerStep() const override;
  // The others' work is over. No step is under way.
  void End();

 private:
  // Waits for all parts of the oldest step under way.
  at::Tensor EndOldest();

  SidLearner& learner_;
  std::vector<Worker>& workers_;
  Sender& next_;
  std::vector<Other> others_;
  size_t most_under_way_;
  std::deque<at::Tensor> own_rows_;  // its parts of the steps under way
  std::vector<at::Tensor> places_;   // of each worker: where its part's numbers stand in the row, int64
  int64_t columns_;
  int64_t steps_ = 0, sent_ = 0;  // bytes of all workers, up to the last Drain
};

}  // namespace sid
