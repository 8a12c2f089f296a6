#pragma once

// Starts the chain, forward or back, on a stream of the current device; returns at once.

#include <cuda_bf16.h>
#include <cuda_runtime_api.h>

#include "sid/cascade/kernel/chain.h"
#include "sid/cascade/kernel/chain_back.h"

namespace sid::kernels {

// Bytes of shared memory that a block of either needs. A GPU has a limit (227 KB on an H100, 163 KB on an A100): H or C of many
// thousands do not fit.
size_t ChainSharedBytes(int hidden, int classes, size_t bytes_of_number);

// All pointers are the device's.
cudaError_t LaunchChain(const Chain<float, float>& chain, cudaStream_t stream);
cudaError_t LaunchChain(const Chain<double, double>& chain, cudaStream_t stream);
cudaError_t LaunchChain(const Chain<__nv_bfloat16, float>& chain, cudaStream_t stream);

cudaError_t LaunchChain(const ChainBack<float, float>& chain, cudaStream_t stream);
cudaError_t LaunchChain(const ChainBack<double, double>& chain, cudaStream_t stream);
cudaError_t LaunchChain(const ChainBack<__nv_bfloat16, float>& chain, cudaStream_t stream);

}  // namespace sid::kernels
