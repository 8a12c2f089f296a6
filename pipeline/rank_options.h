#pragma once

// What a process is told of the ranks that it is one of (pipeline/ranks.h): by the environment, as torchrun, tools/launch and Slurm's scripts set it.

#include <c10/core/Device.h>
#include <c10/util/intrusive_ptr.h>

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace c10d {
class Backend;
class Store;
}  // namespace c10d

namespace sid {

// What a rank runs, by name.
using Settings = std::vector<std::pair<std::string, std::string>>;

// A connection between the devices of some ranks, one thread of each (pipeline/nccl has a GPU's).
using Lane = c10::intrusive_ptr<c10d::Backend>;
using MakeLane = std::function<Lane(const c10::intrusive_ptr<c10d::Store>& store, int rank, int size)>;

// Of this process.
struct RankOptions {
  int rank = 0, size = 1;
  int local_rank = 0;   // among those of its machine
  std::string address;  // of rank 0's machine
  int port = 0;
  // Where torchrun has started the store itself: the part of it that is this run's. Else rank 0 starts one.
  std::string torchrun_store;
  // How long any rank is waited for that trains ...
  std::chrono::seconds timeout{1800};
  // ... and how long until all have joined. Nobody sees that a rank has died which has not joined yet, but whoever started it.
  std::chrono::seconds join{300};
  at::Device device = at::kCPU;  // of what it computes with
  MakeLane make_lane;            // null: all tensors travel through the host's memory
};

// A port of this machine that nobody listens on now; 0 where there is none.
int FreePort();

// From the environment; one rank without WORLD_SIZE. InvalidArgument names a variable that is missing or wrong.
absl::StatusOr<RankOptions> RanksFromEnvironment(const std::function<const char*(const char*)>& get);

}  // namespace sid
