#include "pipeline/local_channel.h"

#include <stdexcept>
#include <utility>

namespace sid {

void LocalChannel::Send(const std::vector<at::Tensor>& tensors) {
  const std::lock_guard lock(mutex_);
  sent_.push_back(tensors);
  changed_.notify_one();
}

std::vector<at::Tensor> LocalChannel::Receive() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return closed_ || !sent_.empty(); });
  if (closed_) throw std::runtime_error("another worker of the pipeline has failed");
  std::vector<at::Tensor> tensors = std::move(sent_.front());
  sent_.pop_front();
  return tensors;
}

void LocalChannel::Close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

}  // namespace sid
