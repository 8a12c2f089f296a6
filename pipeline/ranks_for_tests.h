#pragma once

// Ranks as threads of one process, each with connections of its own.

#include <ATen/Parallel.h>
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <utility>
#include <vector>

#include "pipeline/ranks.h"

namespace sid {

// A socket that listens on a free port of this machine.
class Listener {
 public:
  Listener() : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(socket_, 1), 0);
    EXPECT_EQ(getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port = ntohs(address.sin_port);
  }
  ~Listener() { close(socket_); }
  int port = 0;

 private:
  int socket_;
};

inline RankOptions Rank(int rank, int size, int port, int seconds = 60) {
  const std::chrono::seconds patience(seconds);
  return {.rank = rank, .size = size, .address = "127.0.0.1", .port = port, .timeout = patience, .join = patience};
}

// A lane between CPUs in the place of one between GPUs, which counts what is sent and summed.
class CountingLane : public c10d::ProcessGroupGloo {
 public:
  using ProcessGroupGloo::ProcessGroupGloo;
  c10::intrusive_ptr<c10d::Work> send(std::vector<at::Tensor>& tensors, int rank, int tag) override {
    ++used;
    return ProcessGroupGloo::send(tensors, rank, tag);
  }
  c10::intrusive_ptr<c10d::Work> allreduce(std::vector<at::Tensor>& tensors,
                                           const c10d::AllreduceOptions& options) override {
    ++used;
    return ProcessGroupGloo::allreduce(tensors, options);
  }
  inline static std::atomic<int> used = 0;
};

inline Lane MakeLaneOfCpus(const c10::intrusive_ptr<c10d::Store>& store, int rank, int size) {
  auto options = c10d::ProcessGroupGloo::Options::create(std::chrono::seconds(60));
  options->devices.push_back(c10d::ProcessGroupGloo::createDeviceForHostname("127.0.0.1", /*lazyInit=*/false));
  return c10::make_intrusive<CountingLane>(store, rank, size, options);
}

// What each rank does, on a thread of its own; rank 0's is the caller's.
inline void OnRanks(int size, const std::function<void(int rank)>& work) {
  std::vector<std::thread> threads;
  for (int rank = 1; rank < size; ++rank) {
    threads.emplace_back([&work, rank] {
      at::init_num_threads();
      work(rank);
    });
  }
  work(0);
  for (std::thread& thread : threads) thread.join();
}

}  // namespace sid
