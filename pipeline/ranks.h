#pragma once

// Processes that train one network together, on one machine or on several: ranks 0 .. n - 1, as torchrun, tools/launch and Slurm's scripts
// start them.
//
//   RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT --> a store at rank 0's address --> what each rank runs compared --> connections
//
// Each has a connection to each other one (c10d's Gloo), through the network that leads to MASTER_ADDR, or that GLOO_SOCKET_IFNAME names. What lies
// on a GPU travels through the host's memory, or, where each rank has a GPU of its own, from GPU to GPU (c10d's NCCL).

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <c10/util/intrusive_ptr.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "pipeline/rank_options.h"

namespace c10d {
class ProcessGroupGloo;
class Store;
}  // namespace c10d

namespace sid {

// What Gloo itself waits for. Who waits for a rank gives up (RankOptions::timeout), not the connection: Gloo would close it, and to others that
// would look as if this rank were gone. A receiver's thread waits as long as it takes: only who asks for its next list is in a hurry.
inline constexpr std::chrono::hours kEver{24 * 365};

// Another rank has ended, is not to be reached, or has not answered in time.
class RankLost : public std::runtime_error {
 public:
  RankLost(int rank, const std::string& why);
};

class Ranks {
 public:
  // Waits until all are there, each of its parts for no longer than options.join. `settings`, by name, must be the same on all of them,
  // FailedPrecondition names the first that is not.
  static absl::StatusOr<std::unique_ptr<Ranks>> Join(const RankOptions& options, const Settings& settings);
  ~Ranks();

  int rank() const { return options_.rank; }
  int size() const { return options_.size; }
  std::chrono::seconds timeout() const { return options_.timeout; }
  at::Device device() const { return options_.device; }

  // A lane that all who take part in it name the same, for their `rank` of `size`; null where tensors travel through the host's memory.
  Lane OpenLane(const std::string& name, int rank, int size);
  // Whether a tensor travels by that lane: there is one, and the tensor lies on this rank's device.
  bool GoesBy(const Lane& lane, const at::Tensor& tensor) const;
  // That of sums over all ranks; may be null.
  const Lane& sums() const { return sums_; }

  // Calls of the group come from several threads, one at a time.
  template <class Call>
  auto WithGroup(const Call& call) {
    const std::lock_guard lock(mutex_);
    return call(*group_);
  }

  // The first rank that any link has found to be gone, as those that end because of it seem gone too.
  RankLost NoteLost(int rank, const std::string& why);
  std::optional<RankLost> Lost() const;
  // The same for who has failed in what all do together, which does not say because of whom: what a link finds within seconds, else a rank
  // that does not ask.
  RankLost FindLost(const std::string& why);
  // Waits for `done`, but not for a rank that is gone or silent: RankLost. Who makes it true signals it.
  void Await(const std::function<bool()>& done);
  struct Signal {
    std::mutex mutex;
    std::condition_variable changed;
  };
  std::shared_ptr<Signal> signal() const { return signal_; }

  // Why this rank ends early, for the others to tell; gives what came first, of any rank, which all of them tell. This rank takes part in nothing any
  // more: with this object go its connections, whatever is under way on them.
  std::string TellFailure(const std::string& why);
  // What came first; "" where nothing has failed.
  std::string Failure();

 private:
  Ranks(const RankOptions& options, c10::intrusive_ptr<c10d::Store> store);

  RankOptions options_;
  c10::intrusive_ptr<c10d::Store> store_;
  std::mutex mutex_;
  // May be signalled when this is gone.
  std::shared_ptr<Signal> signal_ = std::make_shared<Signal>();
  std::optional<RankLost> lost_;
  std::atomic<bool> failed_ = false;
  std::vector<Lane> lanes_;
  Lane sums_;
  c10::intrusive_ptr<c10d::ProcessGroupGloo> group_;
};

}  // namespace sid
