#include "pipeline/link.h"

#include <ATen/ops/empty_strided.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/text.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

using WorkPointer = c10::intrusive_ptr<c10d::Work>;

constexpr size_t kSlots = 2;
// How soon one that waits notices what another link has found.
constexpr std::chrono::milliseconds kGlance{100};
// What goes before a list: how many tensors, and of each its type, its dimensions, their sizes and their strides.
constexpr int64_t kHeader = 128;

at::Tensor DescribeTensors(const std::vector<at::Tensor>& tensors) {
  std::vector<int64_t> header{static_cast<int64_t>(tensors.size())};
  for (const at::Tensor& tensor : tensors) {
    header.insert(header.end(), {static_cast<int64_t>(tensor.scalar_type()), tensor.dim()});
    header.insert(header.end(), tensor.sizes().begin(), tensor.sizes().end());
    header.insert(header.end(), tensor.strides().begin(), tensor.strides().end());
  }
  CHECK_LE(static_cast<int64_t>(header.size()), kHeader);
  at::Tensor described = at::zeros({kHeader}, at::kLong);
  std::copy(header.begin(), header.end(), described.data_ptr<int64_t>());
  return described;
}

std::vector<at::Tensor> MakeTensors(const at::Tensor& described) {
  const int64_t* at = described.data_ptr<int64_t>();
  std::vector<at::Tensor> tensors(*at++);
  for (at::Tensor& tensor : tensors) {
    const auto type = static_cast<at::ScalarType>(*at++);
    const int64_t dimensions = *at++;
    tensor = at::empty_strided({at, static_cast<size_t>(dimensions)},
                               {at + dimensions, static_cast<size_t>(dimensions)}, type);
    at += 2 * dimensions;
  }
  return tensors;
}

// Its memory as it lies there, in one dimension.
at::Tensor Flat(const at::Tensor& tensor) { return tensor.as_strided({tensor.numel()}, {1}); }

class LinkSender : public Sender {
 public:
  LinkSender(Ranks& ranks, int to, int tag) : ranks_(ranks), to_(to), tag_(tag) {}

  void Send(const std::vector<at::Tensor>& given) override {
    std::vector<at::Tensor> tensors;
    for (const at::Tensor& tensor : given) {
      const at::Tensor own = tensor.detach();
      tensors.push_back(own.is_non_overlapping_and_dense() ? own : own.contiguous());
    }
    Guarded([&] {
      if (sent_.size() == kSlots) Finish();
      std::vector<at::Tensor> messages{DescribeTensors(tensors)};
      for (const at::Tensor& tensor : tensors) messages.push_back(Flat(tensor));
      sent_.emplace_back();
      for (const at::Tensor& message : messages) {
        sent_.back().push_back(SendOne(message));
        bytes_ += static_cast<int64_t>(message.nbytes());
      }
    });
  }

  void Flush() override {
    Guarded([&] {
      while (!sent_.empty()) Finish();
    });
  }

  int64_t sent() const override { return bytes_; }

 private:
  // A message, which must stay until it has gone.
  struct Sent {
    std::vector<at::Tensor> tensor;
    WorkPointer work;
  };

  Sent SendOne(const at::Tensor& message) {
    std::vector<at::Tensor> tensor{message};
    WorkPointer work = ranks_.WithGroup([&](auto& group) { return group.send(tensor, to_, tag_); });
    return {std::move(tensor), std::move(work)};
  }

  void Finish() {
    for (const Sent& sent : sent_.front()) sent.work->wait(ranks_.timeout());
    sent_.pop_front();
  }

  template <class Call>
  void Guarded(const Call& call) {
    try {
      call();
    } catch (const std::exception& error) {
      throw ranks_.NoteLost(to_, FirstLine(error));
    }
  }

  Ranks& ranks_;
  int to_, tag_;
  std::deque<std::vector<Sent>> sent_;
  int64_t bytes_ = 0;
};

class LinkReceiver : public Receiver {
 public:
  LinkReceiver(Ranks& ranks, int from, int tag)
      : ranks_(ranks), from_(from), tag_(tag), thread_([this] { TakeAll(); }) {}

  ~LinkReceiver() override {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
      for (const WorkPointer& work : waiting_) work->abort();
      changed_.notify_all();
    }
    thread_.join();
  }

  std::vector<at::Tensor> Receive() override {
    std::unique_lock lock(mutex_);
    const auto there = [this] { return !taken_.empty() || failure_ != nullptr; };
    const auto end = std::chrono::steady_clock::now() + ranks_.timeout();
    while (!changed_.wait_for(lock, kGlance, there)) {
      // Of the others each answers for itself at rank 0, which hears them all before it ends.
      if (const auto lost = ranks_.Lost(); lost && tag_ != kHome) throw RankLost(*lost);
      if (std::chrono::steady_clock::now() > end)
        throw ranks_.NoteLost(from_, absl::StrCat("nothing has come from it for ", ranks_.timeout().count(), " s"));
    }
    if (taken_.empty()) std::rethrow_exception(failure_);
    std::vector<at::Tensor> tensors = std::move(taken_.front());
    taken_.pop_front();
    changed_.notify_all();
    return tensors;
  }

 private:
  void TakeAll() {
    try {
      while (!ended_) {
        const at::Tensor header = at::zeros({kHeader}, at::kLong);
        Take({header});
        std::vector<at::Tensor> tensors = MakeTensors(header), flat;
        for (const at::Tensor& tensor : tensors) flat.push_back(Flat(tensor));
        Take(flat);
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return taken_.size() < kSlots || ended_; });
        taken_.push_back(std::move(tensors));
        changed_.notify_all();
      }
    } catch (const std::exception& error) {
      const RankLost lost = ranks_.NoteLost(from_, FirstLine(error));
      const std::lock_guard lock(mutex_);
      failure_ = std::make_exception_ptr(lost);
      changed_.notify_all();
    }
  }

  // All of them at once: each message alone would wait for the way there and back.
  void Take(const std::vector<at::Tensor>& messages) {
    std::vector<WorkPointer> works;
    {
      const std::lock_guard lock(mutex_);
      if (ended_) return;
      for (const at::Tensor& message : messages) {
        std::vector<at::Tensor> tensor{message};
        works.push_back(ranks_.WithGroup([&](auto& group) { return group.recv(tensor, from_, tag_); }));
      }
      waiting_ = works;
    }
    for (const WorkPointer& work : works) work->wait(kEver);
    const std::lock_guard lock(mutex_);
    waiting_.clear();
  }

  Ranks& ranks_;
  int from_, tag_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::vector<at::Tensor>> taken_;
  std::vector<WorkPointer> waiting_;
  std::exception_ptr failure_;
  std::atomic<bool> ended_ = false;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Sender> MakeSender(Ranks& ranks, int to, int tag) {
  return std::make_unique<LinkSender>(ranks, to, tag);
}

std::unique_ptr<Receiver> MakeReceiver(Ranks& ranks, int from, int tag) {
  return std::make_unique<LinkReceiver>(ranks, from, tag);
}

}  // namespace sid
