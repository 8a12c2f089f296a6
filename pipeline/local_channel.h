#pragma once

// A channel between threads of one process: the receiver gets the sender's tensors themselves.

#include <condition_variable>
#include <deque>
#include <mutex>
#include <vector>

#include "pipeline/channel.h"

namespace sid {

class LocalChannel : public Sender, public Receiver {
 public:
  void Send(const std::vector<at::Tensor>& tensors) override;
  std::vector<at::Tensor> Receive() override;

  // What has not been received by now never is: Receive throws, for those who wait too.
  void Close();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::vector<at::Tensor>> sent_;
  bool closed_ = false;
};

}  // namespace sid
