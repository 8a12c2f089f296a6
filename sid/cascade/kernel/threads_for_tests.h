#pragma once

// The GPU's threads, blocks and clusters of blocks as threads of the CPU, for tests of the kernels' own code with its synchronisation.

#include <algorithm>
#include <atomic>
#include <barrier>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

#include "sid/cascade/kernel/block.h"

namespace sid::kernels {

// Threads of the CPU in groups of lanes, as a GPU's blocks of warps, `ranks` blocks of them.
class ThreadTeam {
 public:
  static constexpr int kLanes = 2, kGroups = 2, kThreads = kLanes * kGroups;

  // As an mbarrier that waits for one thread: a phase ends when this has said how many bytes belong to it and these have arrived.
  struct Arrivals {
    std::mutex mutex;
    bool said = false;
    int64_t missing = 0;
    std::atomic<int> phase = 0;

    void Arrive(bool says, int64_t bytes) {
      const std::lock_guard<std::mutex> lock(mutex);
      missing += bytes;
      said |= says;
      if (!said || missing != 0) return;
      said = false;
      phase.fetch_add(1);
      phase.notify_all();
    }
  };

  // A block's.
  struct Shared {
    std::barrier<> all{kThreads};
    std::barrier<> group[kGroups]{std::barrier<>(kLanes), std::barrier<>(kLanes)};
    double values[kGroups][kLanes];
    Arrivals mailboxes[kMailboxes];
    std::vector<unsigned char> memory;
  };
  struct Cluster {
    Cluster(int ranks, int64_t bytes) : blocks(ranks), all(ranks * kThreads) {
      for (Shared& block : blocks) block.memory.assign(bytes, 0xff);  // no numbers
    }
    std::vector<Shared> blocks;
    std::barrier<> all;
  };

  ThreadTeam(Cluster& cluster, int rank, int thread)
      : cluster_(cluster), shared_(cluster.blocks[rank]), rank_(rank), thread_(thread) {}

  int thread() const { return thread_; }
  int threads() const { return kThreads; }
  int group() const { return thread_ / kLanes; }
  int groups() const { return kGroups; }
  int Rank() const { return rank_; }
  int Ranks() const { return static_cast<int>(cluster_.blocks.size()); }
  void Synchronise() const { shared_.all.arrive_and_wait(); }
  void SynchroniseCluster() const { cluster_.all.arrive_and_wait(); }

  template <typename Number>
  void Send(const Quad<Number>& quad, Number* place, int rank, Mailbox mailbox) const {
    Shared& there = cluster_.blocks[rank];
    Store(quad, reinterpret_cast<Number*>(there.memory.data() +
                                          (reinterpret_cast<unsigned char*>(place) - shared_.memory.data())));
    there.mailboxes[mailbox].Arrive(false, -static_cast<int64_t>(sizeof(quad)));
  }

  // Sees a phase's parity only.
  void Await(Mailbox mailbox, int module, int bytes) const {
    Arrivals& arrivals = shared_.mailboxes[mailbox];
    if (thread_ == 0) arrivals.Arrive(true, bytes);
    for (int now = arrivals.phase.load(); now % 2 == module % 2; now = arrivals.phase.load()) arrivals.phase.wait(now);
  }

  class Lanes {
   public:
    explicit Lanes(const ThreadTeam& team) : team_(team) {}
    int lane() const { return team_.thread_ % kLanes; }
    int lanes() const { return kLanes; }
    template <typename Number>
    Number Sum(Number value) const {
      return Combine(value, [](Number a, Number b) { return a + b; });
    }
    template <typename Number>
    Number Max(Number value) const {
      return Combine(value, [](Number a, Number b) { return a > b ? a : b; });
    }

   private:
    template <typename Number, typename Operation>
    Number Combine(Number value, const Operation& operation) const {
      auto& values = team_.shared_.values[team_.group()];
      auto& group = team_.shared_.group[team_.group()];
      values[lane()] = value;
      group.arrive_and_wait();
      Number result = static_cast<Number>(values[0]);
      for (int k = 1; k < kLanes; ++k) result = operation(result, static_cast<Number>(values[k]));
      group.arrive_and_wait();
      return result;
    }
    const ThreadTeam& team_;
  };
  Lanes GroupLanes() const { return Lanes(*this); }

 private:
  Cluster& cluster_;
  Shared& shared_;
  int rank_, thread_;
};

// In clusters of `ranks` blocks.
template <int kRows, typename Arrays>
void RunAllRows(const Arrays& chain, int ranks) {
  const Layout layout = LayoutOf<kRows>(ThreadTeam::kThreads, chain.hidden, chain.classes, ranks);
  for (int first = 0; first < chain.batch; first += kRows) {
    ThreadTeam::Cluster cluster(ranks, layout.Bytes(sizeof(typename Arrays::Number), sizeof(typename Arrays::Storage)));
    std::vector<std::thread> threads;
    threads.reserve(ranks * ThreadTeam::kThreads);
    for (int k = 0; k < ranks * ThreadTeam::kThreads; ++k) {
      threads.emplace_back([&, rank = k / ThreadTeam::kThreads, thread = k % ThreadTeam::kThreads] {
        const ThreadTeam own(cluster, rank, thread);
        RunBlock<kRows>(own, chain, first, cluster.blocks[rank].memory.data());
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
}

// How the kernel's teams are: rows, and blocks of a cluster.
enum class Way { kAlone, kTwo, kFour, kEight };

// Chain or ChainBack, for all rows of the batch.
template <typename Arrays>
void RunAllRows(const Arrays& chain, Way way) {
  if (way == Way::kAlone) return RunAllRows<4>(chain, 1);
  if (way == Way::kTwo) return RunAllRows<8>(chain, 2);
  if (way == Way::kFour) return RunAllRows<4>(chain, 4);
  RunAllRows<8>(chain, 8);
}

}  // namespace sid::kernels
