#include <type_traits>

#include "sid/cascade/kernel/chain_launch.h"
#include "sid/cascade/kernel/teams.h"

namespace sid::kernels {
namespace {

// Blocks of a cluster: 8 are the most that every GPU with clusters has. With 1 there are none.
constexpr int kMostRanks = 8;
using MostTeam = std::conditional_t<kMostRanks == 1, LoneTeam, ClusterTeam<kMostRanks>>;

// Of Chain or ChainBack.
template <typename Team, typename Arrays>
__global__ void __launch_bounds__(Team::kThreads, Team::kBlocksOfMultiprocessor)
    RunChain(const __grid_constant__ Arrays chain) {
  extern __shared__ __align__(16) unsigned char shared[];
  const int first = blockIdx.x / Team::kRanks * Team::kRows;
  if constexpr (Team::kRanks == 1) {
    const Team team;
    RunBlock<Team::kRows>(team, chain, first, shared);
  } else {
    __shared__ uint64_t mailboxes[kMailboxes];
    const Team team(mailboxes);
    RunBlock<Team::kRows>(team, chain, first, shared);
  }
}

template <typename Team>
int64_t BytesOf(int hidden, int classes, size_t bytes_of_number, size_t bytes_of_storage) {
  return LayoutOf<Team::kRows>(Team::kThreads, hidden, classes, Team::kRanks).Bytes(bytes_of_number, bytes_of_storage);
}

// How the kernel is started with a team. It holds a pointer into itself.
template <typename Team, typename Arrays>
class Start {
 public:
  Start(const Arrays& chain, cudaStream_t stream) {
    cluster_.id = cudaLaunchAttributeClusterDimension;
    cluster_.val.clusterDim = {Team::kRanks, 1, 1};
    config_.gridDim = (chain.batch + Team::kRows - 1) / Team::kRows * Team::kRanks;
    config_.blockDim = Team::kThreads;
    config_.dynamicSmemBytes =
        BytesOf<Team>(chain.hidden, chain.classes, sizeof(typename Arrays::Number), sizeof(typename Arrays::Storage));
    config_.stream = stream;
    config_.attrs = &cluster_;
    config_.numAttrs = Team::kRanks == 1 ? 0 : 1;
  }
  Start(const Start&) = delete;
  Start& operator=(const Start&) = delete;

  // That the device has room for a cluster. Nothing here is forbidden while a graph is captured.
  bool Fits() const {
    int device = 0, clusters = 0, bytes = 0, at_once = 0;
    if (cudaGetDevice(&device) != cudaSuccess ||
        cudaDeviceGetAttribute(&clusters, cudaDevAttrClusterLaunch, device) != cudaSuccess ||
        cudaDeviceGetAttribute(&bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, device) != cudaSuccess) {
      return false;
    }
    if (clusters == 0 || config_.dynamicSmemBytes + kMailboxes * sizeof(uint64_t) > static_cast<size_t>(bytes))
      return false;
    if (AskForMemory() == cudaSuccess &&
        cudaOccupancyMaxActiveClusters(&at_once, RunChain<Team, Arrays>, &config_) == cudaSuccess) {
      return at_once > 0;
    }
    cudaGetLastError();  // so that the next launch is not blamed
    return false;
  }

  cudaError_t Go(const Arrays& chain) const {
    const cudaError_t error = AskForMemory();
    return error == cudaSuccess ? cudaLaunchKernelEx(&config_, RunChain<Team, Arrays>, chain) : error;
  }

 private:
  // More than 48 KB are given on request only.
  cudaError_t AskForMemory() const {
    return cudaFuncSetAttribute(RunChain<Team, Arrays>, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                static_cast<int>(config_.dynamicSmemBytes));
  }

  cudaLaunchAttribute cluster_{};
  cudaLaunchConfig_t config_{};
};

template <typename Arrays>
cudaError_t Launch(const Arrays& chain, cudaStream_t stream) {
  if constexpr (kMostRanks > 1) {
    const Start<MostTeam, Arrays> start(chain, stream);
    if (start.Fits()) return start.Go(chain);
  }
  return Start<LoneTeam, Arrays>(chain, stream).Go(chain);
}

}  // namespace

size_t ChainSharedBytes(int hidden, int classes, size_t bytes_of_number) {
  return BytesOf<LoneTeam>(hidden, classes, bytes_of_number, 0);
}

cudaError_t LaunchChain(const Chain<float, float>& chain, cudaStream_t stream) { return Launch(chain, stream); }
cudaError_t LaunchChain(const Chain<double, double>& chain, cudaStream_t stream) { return Launch(chain, stream); }
cudaError_t LaunchChain(const Chain<__nv_bfloat16, float>& chain, cudaStream_t stream) { return Launch(chain, stream); }

cudaError_t LaunchChain(const ChainBack<float, float>& chain, cudaStream_t stream) { return Launch(chain, stream); }
cudaError_t LaunchChain(const ChainBack<double, double>& chain, cudaStream_t stream) { return Launch(chain, stream); }
cudaError_t LaunchChain(const ChainBack<__nv_bfloat16, float>& chain, cudaStream_t stream) {
  return Launch(chain, stream);
}

}  // namespace sid::kernels
