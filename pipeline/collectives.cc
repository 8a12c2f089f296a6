#include "pipeline/collectives.h"

#include <chrono>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <string>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <vector>

#include "base/text.h"

namespace sid {
namespace {

// What waits for work that `begin` starts on the tensor, given in a list; a failure that `begin` throws is the wait's.
template <class Begin>
std::function<void()> Start(Ranks& ranks, const at::Tensor& tensor, const Begin& begin) {
  std::vector<at::Tensor> tensors{tensor};
  c10::intrusive_ptr<c10::ivalue::Future> done;
  std::string why;
  try {
    done = begin(tensors)->getFuture();
    done->addCallback([signal = ranks.signal()](c10::ivalue::Future&) {
      const std::lock_guard lock(signal->mutex);
      signal->changed.notify_all();
    });
  } catch (const std::exception& error) {
    why = FirstLine(error);
  }
  return [&ranks, done, why] {
    if (done == nullptr) throw ranks.FindLost(why);
    ranks.Await([&] { return done->completed(); });
    if (done->hasError()) throw ranks.FindLost(FirstLine(std::runtime_error(done->tryRetrieveErrorMessage())));
    done->wait();  // of a GPU the stream waits
  };
}

// The same of a tensor on a device without a lane.
template <class Begin>
std::function<void()> StartByHost(Ranks& ranks, const at::Tensor& tensor, const Begin& begin) {
  const at::Tensor host = tensor.cpu();  // of a CPU's itself
  const auto wait = Start(
      ranks, host, [&](auto& tensors) { return ranks.WithGroup([&](auto& group) { return begin(group, tensors); }); });
  if (tensor.is_cpu()) return wait;
  return [wait, tensor, host] {
    wait();
    tensor.copy_(host);
  };
}

}  // namespace

std::function<void()> StartSum(Ranks& ranks, const at::Tensor& tensor) {
  c10d::AllreduceOptions options;
  options.timeout = kEver;
  if (ranks.GoesBy(ranks.sums(), tensor))
    return Start(ranks, tensor, [&](auto& tensors) { return ranks.sums()->allreduce(tensors, options); });
  return StartByHost(ranks, tensor, [&](auto& group, auto& tensors) { return group.allreduce(tensors, options); });
}

void Broadcast(Ranks& ranks, const at::Tensor& tensor) {
  c10d::BroadcastOptions options;
  options.timeout = kEver;
  StartByHost(ranks, tensor, [&](auto& group, auto& tensors) { return group.broadcast(tensors, options); })();
}

}  // namespace sid
