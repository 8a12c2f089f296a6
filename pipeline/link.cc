#include "pipeline/link.h"

#include <ATen/ops/empty_like.h>
#include <ATen/ops/empty_strided.h>
#include <ATen/ops/zeros.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
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
// What goes before a list: how many tensors, and of each whether it belongs on the rank's device, its type, its dimensions, their sizes and
// their strides.
constexpr int64_t kHeader = 128;

at::Tensor DescribeTensors(const std::vector<at::Tensor>& tensors) {
  std::vector<int64_t> header{static_cast<int64_t>(tensors.size())};
  for (const at::Tensor& tensor : tensors) {
    header.insert(header.end(), {tensor.is_cpu() ? 0 : 1, static_cast<int64_t>(tensor.scalar_type()), tensor.dim()});
    header.insert(header.end(), tensor.sizes().begin(), tensor.sizes().end());
    header.insert(header.end(), tensor.strides().begin(), tensor.strides().end());
  }
  CHECK_LE(static_cast<int64_t>(header.size()), kHeader);
  at::Tensor described = at::zeros({kHeader}, at::kLong);
  std::copy(header.begin(), header.end(), described.data_ptr<int64_t>());
  return described;
}

std::vector<at::Tensor> MakeTensors(const at::Tensor& described, at::Device device) {
  const int64_t* at = described.data_ptr<int64_t>();
  std::vector<at::Tensor> tensors(*at++);
  for (at::Tensor& tensor : tensors) {
    const at::Device place = *at++ == 0 ? at::Device(at::kCPU) : device;
    const auto type = static_cast<at::ScalarType>(*at++);
    const int64_t dimensions = *at++;
    tensor =
        at::empty_strided({at, static_cast<size_t>(dimensions)}, {at + dimensions, static_cast<size_t>(dimensions)},
                          at::TensorOptions(type).device(place));
    at += 2 * dimensions;
  }
  return tensors;
}

// Its memory as it lies there, in one dimension.
at::Tensor Flat(const at::Tensor& tensor) { return tensor.as_strided({tensor.numel()}, {1}); }

// Between devices goes what the other rank computes with: what goes home is little, and read on the host.
Lane OpenLaneOf(Ranks& ranks, int from, int to, int tag) {
  if (tag != kForward && tag != kBackward) return nullptr;
  return ranks.OpenLane(absl::StrCat(from, "/", to), ranks.rank() == from ? 0 : 1, 2);
}

// What a receiver's thread asks of a GPU does not wait for what the rank computes there.
class OwnStream {
 public:
  explicit OwnStream(at::Device device) {
    if (!device.is_cpu())
      guard_.reset_stream(c10::impl::VirtualGuardImpl(device.type()).getStreamFromGlobalPool(device));
  }

 private:
  c10::OptionalStreamGuard guard_;
};

// The memory of a tensor from another thread's stream is not given to another one before this thread's stream has done with it.
void KeepForThisStream(const at::Tensor& tensor) {
  if (tensor.is_cpu()) return;
  const c10::impl::VirtualGuardImpl device(tensor.device().type());
  tensor.record_stream(device.getStream(tensor.device()));
}

class LinkSender : public Sender {
 public:
  LinkSender(Ranks& ranks, int to, int tag)
      : ranks_(ranks), to_(to), tag_(tag), lane_(OpenLaneOf(ranks, ranks.rank(), to, tag)) {}

  void Send(const std::vector<at::Tensor>& given) override {
    std::vector<at::Tensor> tensors;
    for (const at::Tensor& tensor : given) {
      const at::Tensor own = tensor.detach();
      tensors.push_back(own.is_non_overlapping_and_dense() ? own : own.contiguous());
    }
    Guarded([&] {
      if (sent_.size() == kSlots) Finish();
      sent_.emplace_back();
      SendByHost(DescribeTensors(tensors));
      for (const at::Tensor& tensor : tensors) {
        if (ranks_.GoesBy(lane_, tensor))
          SendByLane(Flat(tensor));
        else
          SendByHost(Flat(tensor).cpu());
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

  void SendByHost(const at::Tensor& message) {
    Add(message,
        [&](auto& tensor) { return ranks_.WithGroup([&](auto& group) { return group.send(tensor, to_, tag_); }); });
  }

  void SendByLane(const at::Tensor& message) {
    Add(message, [&](auto& tensor) { return lane_->send(tensor, /*dstRank=*/1, tag_); });
  }

  template <class Begin>
  void Add(const at::Tensor& message, const Begin& begin) {
    Sent sent{{message}, nullptr};
    sent.work = begin(sent.tensor);
    sent_.back().push_back(std::move(sent));
    bytes_ += static_cast<int64_t>(message.nbytes());
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
  Lane lane_;  // may be null
  std::deque<std::vector<Sent>> sent_;
  int64_t bytes_ = 0;
};

class LinkReceiver : public Receiver {
 public:
  LinkReceiver(Ranks& ranks, int from, int tag)
      : ranks_(ranks), from_(from), tag_(tag), lane_(OpenLaneOf(ranks, from, ranks.rank(), tag)), thread_([this] {
          TakeAll();
        }) {}

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
    for (const at::Tensor& tensor : tensors) KeepForThisStream(tensor);
    return tensors;
  }

 private:
  void TakeAll() {
    try {
      const OwnStream stream(ranks_.device());
      while (!ended_) {
        const at::Tensor header = at::zeros({kHeader}, at::kLong);
        Take({ByHost(header)});
        const std::vector<at::Tensor> tensors = MakeTensors(header, ranks_.device());
        TakeTensors(tensors);
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return taken_.size() < kSlots || ended_; });
        taken_.push_back(tensors);
        changed_.notify_all();
      }
    } catch (const std::exception& error) {
      const RankLost lost = ranks_.NoteLost(from_, FirstLine(error));
      const std::lock_guard lock(mutex_);
      failure_ = std::make_exception_ptr(lost);
      changed_.notify_all();
    }
  }

  using Begin = std::function<WorkPointer()>;

  Begin ByHost(const at::Tensor& message) {
    return [this, tensor = std::vector<at::Tensor>{message}]() mutable {
      return ranks_.WithGroup([&](auto& group) { return group.recv(tensor, from_, tag_); });
    };
  }

  Begin ByLane(const at::Tensor& message) {
    return [this, tensor = std::vector<at::Tensor>{message}]() mutable {
      return lane_->recv(tensor, /*srcRank=*/0, tag_);
    };
  }

  void TakeTensors(const std::vector<at::Tensor>& tensors) {
    std::vector<Begin> begins;
    std::vector<std::pair<at::Tensor, at::Tensor>> copies;  // to the device, from the host
    for (const at::Tensor& tensor : tensors) {
      const at::Tensor flat = Flat(tensor);
      if (ranks_.GoesBy(lane_, tensor)) {
        begins.push_back(ByLane(flat));
        continue;
      }
      if (!tensor.is_cpu()) copies.emplace_back(flat, at::empty_like(flat, at::kCPU));
      begins.push_back(ByHost(tensor.is_cpu() ? flat : copies.back().second));
    }
    Take(begins);
    for (const auto& [device, host] : copies) device.copy_(host);
  }

  // All of them at once: each message alone would wait for the way there and back.
  void Take(const std::vector<Begin>& messages) {
    std::vector<WorkPointer> works;
    {
      const std::lock_guard lock(mutex_);
      if (ended_) return;
      for (const Begin& begin : messages) works.push_back(begin());
      waiting_ = works;
    }
    for (const WorkPointer& work : works) work->wait(kEver);
    const std::lock_guard lock(mutex_);
    waiting_.clear();
  }

  Ranks& ranks_;
  int from_, tag_;
  Lane lane_;  // may be null
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
