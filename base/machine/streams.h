#pragma once

// Work that a GPU may do side by side: each part on a stream of its own, ordered by marks alone.
//
//   Mark()         what runs next begins after all that the current stream has been given so far
//   Run(k, work)   `work` goes to stream k, which first waits for the last mark; one that it sets itself lets the next part begin earlier
//   Join()         the current stream waits for all parts
//
// It is the same inside a captured graph, where each stream becomes a branch. On the CPU one part runs after the other. What a part makes
// belongs to its stream: who lets another one read it keeps it until Join.

#include <c10/core/Device.h>

#include <cstddef>
#include <functional>
#include <memory>

namespace sid {

class Streams {
 public:
  virtual ~Streams() = default;
  virtual void Mark() = 0;
  virtual void Run(size_t k, const std::function<void()>& work) = 0;
  virtual void Join() = 0;
};

std::unique_ptr<Streams> MakeStreams(at::Device device, size_t count);

}  // namespace sid
