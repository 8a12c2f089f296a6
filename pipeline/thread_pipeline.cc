#include "pipeline/thread_pipeline.h"

#include <ATen/Parallel.h>

#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "pipeline/first_worker.h"
#include "pipeline/local_channel.h"
#include "pipeline/worker.h"

namespace sid {
namespace {

// Channels between worker k and worker k + 1, and from that one home.
struct LocalChannels {
  explicit LocalChannels(size_t others) : forward(others), home(others) {}

  std::vector<LocalChannel> forward, home;

  WorkerChannels Of(size_t other) {
    return {&forward[other], other + 1 < forward.size() ? &forward[other + 1] : nullptr, &home[other]};
  }
  std::vector<Other> Others() {
    std::vector<Other> others;
    for (LocalChannel& channel : home) others.push_back({&channel});
    return others;
  }
};

class ThreadPipeline : public Pipeline {
 public:
  ThreadPipeline(SidLearner& learner, int64_t workers, Watched watched)
      : workers_(MakeWorkers(learner, workers, watched)),
        channels_(workers - 1),
        // One more than there are workers: nobody waits for another's hiccup.
        first_(learner, workers_, channels_.forward[0], channels_.Others(), workers + 1) {
    for (size_t k = 1; k < workers_.size(); ++k) threads_.emplace_back([this, k] { Serve(k); });
  }

  ~ThreadPipeline() override {
    Close();
    for (std::thread& thread : threads_) thread.join();
  }

  std::vector<at::Tensor> Begin(const Batch& batch, double learning_rate) override {
    return Rethrowing([&] { return first_.Begin(batch, learning_rate); });
  }
  std::vector<at::Tensor> Drain() override {
    return Rethrowing([&] { return first_.Drain(); });
  }
  void TakeState() override {}

 private:
  void Serve(size_t worker) {
    at::init_num_threads();  // as many of LibTorch's threads help this one as help the first
    try {
      while (ServeOne(workers_[worker], channels_.Of(worker - 1))) {
      }
    } catch (...) {
      Fail(std::current_exception());
    }
  }

  void Fail(const std::exception_ptr& failure) {
    {
      const std::lock_guard lock(mutex_);
      if (failure_ == nullptr && !closed_) failure_ = failure;
    }
    Close();
  }

  void Close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    for (std::vector<LocalChannel>* channels : {&channels_.forward, &channels_.home}) {
      for (LocalChannel& channel : *channels) channel.Close();
    }
  }

  // A worker's own reason instead of that its channel is closed.
  std::vector<at::Tensor> Rethrowing(const std::function<std::vector<at::Tensor>()>& work) {
    try {
      return work();
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (failure_ != nullptr) std::rethrow_exception(failure_);
      throw;
    }
  }

  std::vector<Worker> workers_;
  LocalChannels channels_;
  FirstWorker first_;
  std::mutex mutex_;
  std::exception_ptr failure_;  // the first worker's that failed
  bool closed_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace

std::unique_ptr<Pipeline> MakeThreadPipeline(SidLearner& learner, int64_t workers, Watched watched) {
  return std::make_unique<ThreadPipeline>(learner, workers, watched);
}

}  // namespace sid
