#include "sid/cascade/kernel/chain_launch.h"

namespace sid::kernels {
namespace {

// 64 bytes a cycle at the L2 cache's latency of some 500 cycles are 32 KB under way: 512 threads with four loads of 16 bytes.
constexpr int kThreads = 512;
constexpr unsigned kAllLanes = 0xffffffff;

class Warp {
 public:
  __device__ int lane() const { return threadIdx.x % 32; }
  __device__ int lanes() const { return 32; }
  template <typename Number>
  __device__ Number Sum(Number value) const {
    for (int distance = 16; distance > 0; distance /= 2) value += __shfl_xor_sync(kAllLanes, value, distance);
    return value;
  }
  template <typename Number>
  __device__ Number Max(Number value) const {
    for (int distance = 16; distance > 0; distance /= 2) {
      const Number other = __shfl_xor_sync(kAllLanes, value, distance);
      value = other > value ? other : value;
    }
    return value;
  }
};

class BlockTeam {
 public:
  __device__ int thread() const { return threadIdx.x; }
  __device__ int threads() const { return kThreads; }
  __device__ int group() const { return threadIdx.x / 32; }
  __device__ int groups() const { return kThreads / 32; }
  __device__ Warp GroupLanes() const { return {}; }
  __device__ void Synchronise() const { __syncthreads(); }
};

template <typename Storage, typename Number>
__global__ void __launch_bounds__(kThreads, 1) RunChain(const __grid_constant__ Chain<Storage, Number> chain) {
  extern __shared__ __align__(16) unsigned char shared[];
  const BlockTeam team;
  Block<Storage, Number, BlockTeam>(team, chain, blockIdx.x * kRows, reinterpret_cast<Number*>(shared)).Run();
}

int RoundedUp(int size) { return (size + kColumns - 1) / kColumns * kColumns; }

template <typename Storage, typename Number>
cudaError_t Launch(const Chain<Storage, Number>& chain, cudaStream_t stream) {
  const auto kernel = RunChain<Storage, Number>;
  const size_t bytes = ChainSharedBytes(chain.hidden, chain.classes, sizeof(Number));
  // More than 48 KB are given on request only.
  const cudaError_t error = cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes);
  if (error != cudaSuccess) return error;
  kernel<<<(chain.batch + kRows - 1) / kRows, kThreads, bytes, stream>>>(chain);
  return cudaGetLastError();
}

}  // namespace

size_t ChainSharedBytes(int hidden, int classes, size_t bytes_of_number) {
  return LayoutOf(kThreads, hidden, classes, RoundedUp(hidden), RoundedUp(classes)).size * bytes_of_number;
}

cudaError_t LaunchChain(const Chain<float, float>& chain, cudaStream_t stream) { return Launch(chain, stream); }
cudaError_t LaunchChain(const Chain<double, double>& chain, cudaStream_t stream) { return Launch(chain, stream); }
cudaError_t LaunchChain(const Chain<__nv_bfloat16, float>& chain, cudaStream_t stream) { return Launch(chain, stream); }

}  // namespace sid::kernels
