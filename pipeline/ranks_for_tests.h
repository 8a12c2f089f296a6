#pragma once

// Ranks as threads of one process, each with connections of its own.

#include <ATen/Parallel.h>
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <thread>
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
