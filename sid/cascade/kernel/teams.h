#pragma once

// The threads of a GPU that run a cascade's kernels (block.h's Team): a block alone, or a block of a cluster.

#include <cstdint>

#include "sid/cascade/kernel/block.h"

namespace sid::kernels {

class Warp {
 public:
  __device__ int lane() const { return threadIdx.x % 32; }
  __device__ int lanes() const { return 32; }
  template <typename Number>
  __device__ Number Sum(Number value) const {
    for (int distance = 16; distance > 0; distance /= 2) value += __shfl_xor_sync(0xffffffff, value, distance);
    return value;
  }
  template <typename Number>
  __device__ Number Max(Number value) const {
    for (int distance = 16; distance > 0; distance /= 2) {
      const Number other = __shfl_xor_sync(0xffffffff, value, distance);
      value = other > value ? other : value;
    }
    return value;
  }
};

class LoneTeam {
 public:
  static constexpr int kRanks = 1;
  static constexpr int kRows = 4;  // more would make fewer blocks
  // 64 bytes a cycle at the L2 cache's latency of some 500 cycles are 32 KB under way: 512 threads with four loads of 16 bytes.
  static constexpr int kThreads = 512, kBlocksOfMultiprocessor = 1;

  __device__ int thread() const { return threadIdx.x; }
  __device__ int threads() const { return kThreads; }
  __device__ int group() const { return threadIdx.x / 32; }
  __device__ int groups() const { return kThreads / 32; }
  __device__ Warp GroupLanes() const { return {}; }
  __device__ int Rank() const { return 0; }
  __device__ int Ranks() const { return kRanks; }
  __device__ void Synchronise() const { __syncthreads(); }
  __device__ void SynchroniseCluster() const { __syncthreads(); }
  template <typename Number>
  __device__ void Send(const Quad<Number>& quad, Number* place, int, Mailbox) const {
    Store(quad, place);
  }
  __device__ void Await(Mailbox, int, int) const { __syncthreads(); }
};

// A mailbox is an mbarrier in the receiver's shared memory. Each module is a phase of it, which ends when thread 0 has said how many
// bytes belong to it and these have arrived, in either order. barrier.cluster would do, but nvcc orders global memory with it too:
// MEMBAR.ALL.GPU and CCTL.IVALL in each thread, for stores that no block reads.
template <int kBlocks>
class ClusterTeam {
 public:
  static constexpr int kRanks = kBlocks;
  static constexpr int kRows = kRanks > 8 ? kRanks : 8;
  // Two blocks fit into a multiprocessor, so that clusters that find no place of their own need not wait.
  static constexpr int kThreads = 256, kBlocksOfMultiprocessor = 2;

  // By all threads; SynchroniseCluster before the first Send.
  __device__ explicit ClusterTeam(uint64_t* mailboxes)
      : mailboxes_(static_cast<uint32_t>(__cvta_generic_to_shared(mailboxes))) {
#if __CUDA_ARCH__ >= 900
    if (threadIdx.x != 0) return;
    for (int k = 0; k < kMailboxes; ++k)
      asm volatile("mbarrier.init.shared::cta.b64 [%0], 1;" ::"r"(Place(k)) : "memory");
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
#endif
  }

  __device__ int thread() const { return threadIdx.x; }
  __device__ int threads() const { return kThreads; }
  __device__ int group() const { return threadIdx.x / 32; }
  __device__ int groups() const { return kThreads / 32; }
  __device__ Warp GroupLanes() const { return {}; }
  __device__ int Rank() const { return blockIdx.x % kRanks; }
  __device__ int Ranks() const { return kRanks; }
  __device__ void Synchronise() const { __syncthreads(); }

  __device__ void SynchroniseCluster() const {
#if __CUDA_ARCH__ >= 900
    asm volatile("barrier.cluster.arrive.release;\n\tbarrier.cluster.wait.acquire;" ::: "memory");
#endif
  }

  // To the same place in block `rank`'s shared memory as `place` has in this one's.
  template <typename Number>
  __device__ void Send(const Quad<Number>& quad, Number* place, int rank, Mailbox mailbox) const {
#if __CUDA_ARCH__ >= 900
    const uint32_t there = Mapped(static_cast<uint32_t>(__cvta_generic_to_shared(place)), rank);
    const uint32_t arrival = Mapped(Place(mailbox), rank);
    const Number* const value = quad.value;
    if constexpr (sizeof(Number) == 4) {
      asm volatile(
          "st.async.weak.shared::cluster.mbarrier::complete_tx::bytes.v4.b32 [%0], {%1, %2, %3, %4}, [%5];" ::"r"(
              there),
          "r"(__float_as_uint(value[0])), "r"(__float_as_uint(value[1])), "r"(__float_as_uint(value[2])),
          "r"(__float_as_uint(value[3])), "r"(arrival)
          : "memory");
    } else {
      for (int j = 0; j < kQuad; j += 2) {
        asm volatile("st.async.weak.shared::cluster.mbarrier::complete_tx::bytes.v2.b64 [%0], {%1, %2}, [%3];" ::"r"(
                         there + j * static_cast<uint32_t>(sizeof(Number))),
                     "l"(__double_as_longlong(value[j])), "l"(__double_as_longlong(value[j + 1])), "r"(arrival)
                     : "memory");
      }
    }
#endif
  }

  // Until `bytes` bytes have arrived for this module.
  __device__ void Await(Mailbox mailbox, int module, int bytes) const {
#if __CUDA_ARCH__ >= 900
    if (threadIdx.x == 0) {
      asm volatile("mbarrier.arrive.expect_tx.release.cta.shared::cta.b64 _, [%0], %1;" ::"r"(Place(mailbox)),
                   "r"(bytes)
                   : "memory");
    }
    uint32_t there = 0;
    while (there == 0) {
      asm volatile(
          "{\n\t.reg .pred done;\n\t"
          "mbarrier.try_wait.parity.acquire.cta.shared::cta.b64 done, [%1], %2;\n\t"
          "selp.b32 %0, 1, 0, done;\n\t}"
          : "=r"(there)
          : "r"(Place(mailbox)), "r"(module & 1)
          : "memory");
    }
#endif
  }

 private:
  __device__ uint32_t Place(int mailbox) const {
    return mailboxes_ + mailbox * static_cast<uint32_t>(sizeof(uint64_t));
  }
  __device__ static uint32_t Mapped(uint32_t place, int rank) {
    uint32_t there = 0;
#if __CUDA_ARCH__ >= 900
    asm volatile("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(there) : "r"(place), "r"(rank));
#endif
    return there;
  }

  uint32_t mailboxes_;  // shared memory's own addresses have 32 bits
};

}  // namespace sid::kernels
