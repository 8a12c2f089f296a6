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

// `begin` is given the group and the tensor, in a list; a failure that it throws is the wait's.
template <class Begin>
std::function<void()> Start(Ranks& ranks, const at::Tensor& tensor, const Begin& begin) {
  std::vector<at::Tensor> tensors{tensor};
  c10::intrusive_ptr<c10::ivalue::Future> sum;
  std::string why;
  try {
    sum = ranks.WithGroup([&](auto& group) { return begin(group, tensors); })->getFuture();
    sum->addCallback([signal = ranks.signal()](c10::ivalue::Future&) {
      const std::lock_guard lock(signal->mutex);
      signal->changed.notify_all();
    });
  } catch (const std::exception& error) {
    why = FirstLine(error);
  }
  return [&ranks, sum, why] {
    if (sum == nullptr) throw ranks.FindLost(why);
    ranks.Await([&] { return sum->completed(); });
    if (sum->hasError()) throw ranks.FindLost(FirstLine(std::runtime_error(sum->tryRetrieveErrorMessage())));
  };
}

}  // namespace

std::function<void()> StartSum(Ranks& ranks, const at::Tensor& tensor) {
  c10d::AllreduceOptions options;
  options.timeout = kEver;
  return Start(ranks, tensor, [&](auto& group, auto& tensors) { return group.allreduce(tensors, options); });
}

void Broadcast(Ranks& ranks, const at::Tensor& tensor) {
  c10d::BroadcastOptions options;
  options.timeout = kEver;
  Start(ranks, tensor, [&](auto& group, auto& tensors) { return group.broadcast(tensors, options); })();
}

}  // namespace sid
