#pragma once

// One direction between two workers: lists of tensors, which arrive in the order in which they were sent.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace sid {

class Sender {
 public:
  virtual ~Sender() = default;
  // Returns before they have arrived. Nobody writes to them afterwards.
  virtual void Send(const std::vector<at::Tensor>& tensors) = 0;
  // Waits until all have gone.
  virtual void Flush() {}
  // Bytes so far that have left the process.
  virtual int64_t sent() const { return 0; }
};

class Receiver {
 public:
  virtual ~Receiver() = default;
  // Waits for them. Throws where nothing can come any more.
  virtual std::vector<at::Tensor> Receive() = 0;
};

}  // namespace sid
