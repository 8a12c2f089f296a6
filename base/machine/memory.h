#pragma once

// Bytes that tensors hold, now and at most: what a training step costs in memory, exactly and the same every time, where
// the size of the process would also show what the system's allocator keeps, libraries and the program itself.
//
//   CountCpuTensorBytes();                        // once, before the tensors to be seen exist
//   ResetPeakTensorBytes(device);  step ...;  PeakTensorBytes(device) - live before
//
// CPU tensors are counted by an allocator around LibTorch's own, CUDA's by LibTorch's caching allocator. Neither sees what a
// library takes for itself: oneDNN's scratch memory, cuBLAS' and cuDNN's workspaces from other sources.

#include <c10/core/Device.h>

#include <cstdint>

namespace sid {

// From here on every new CPU tensor is counted; tensors made before never are. Costs 64 bytes and two atomic additions
// an allocation. A second call does nothing. Not while other threads allocate.
void CountCpuTensorBytes();

// As requested, before an allocator rounds it. A GPU's tensor is gone when the host frees it, whether or not the device has come to
// that point. CHECKs that CPU counting is on.
int64_t LiveTensorBytes(at::Device device);

// The largest LiveTensorBytes since the last reset, or since counting began.
int64_t PeakTensorBytes(at::Device device);
void ResetPeakTensorBytes(at::Device device);

}  // namespace sid
