#pragma once

// Processes that train one network together, on one machine or on several: ranks 0 .. n - 1, as torchrun, tools/launch and Slurm's scripts
// start them.
//
//   RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT --> a store at rank 0's address --> what each rank runs compared --> connections
//
// Each has a connection to each other one (c10d's Gloo), through the network that leads to MASTER_ADDR, or that GLOO_SOCKET_IFNAME names.

#include <c10/util/intrusive_ptr.h>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace c10d {
class ProcessGroupGloo;
class Store;
}  // namespace c10d

namespace sid {

// Of this process.
struct RankOptions {
  int rank = 0, size = 1;
  std::string address;  // of rank 0's machine
  int port = 0;
  // Where torchrun has started the store itself: the part of it that is this run's. Else rank 0 starts one.
  std::string torchrun_store;
  // How long any rank is waited for.
  std::chrono::seconds timeout{1800};
};

// From the environment; one rank without WORLD_SIZE. InvalidArgument names a variable that is missing or wrong.
absl::StatusOr<RankOptions> RanksFromEnvironment(const std::function<const char*(const char*)>& get);

// Another rank has ended, is not to be reached, or has not answered in time.
class RankLost : public std::runtime_error {
 public:
  RankLost(int rank, const std::string& why);
};

class Ranks {
 public:
  // Waits until all are there. `settings`, by name, must be the same on all of them, FailedPrecondition names the first that is not.
  static absl::StatusOr<std::unique_ptr<Ranks>> Join(const RankOptions& options,
                                                     const std::vector<std::pair<std::string, std::string>>& settings);
  ~Ranks();

  int rank() const { return options_.rank; }
  int size() const { return options_.size; }
  std::chrono::seconds timeout() const { return options_.timeout; }

  // Calls of the group come from several threads, one at a time.
  template <class Call>
  auto WithGroup(const Call& call) {
    const std::lock_guard lock(mutex_);
    return call(*group_);
  }

  // The first rank that any link has found to be gone, as those that end because of it seem gone too.
  RankLost NoteLost(int rank, const std::string& why);

  // Why this rank ends early, for the others to tell; gives what came first, of any rank, which all of them tell.
  std::string TellFailure(const std::string& why);
  // What came first; "" where nothing has failed.
  std::string Failure();

 private:
  Ranks(const RankOptions& options, c10::intrusive_ptr<c10d::Store> store);

  RankOptions options_;
  c10::intrusive_ptr<c10d::Store> store_;
  std::mutex mutex_;
  std::optional<RankLost> lost_;
  c10::intrusive_ptr<c10d::ProcessGroupGloo> group_;
};

}  // namespace sid
