#pragma once

// Code that the GPU runs and the CPU tests: compiled by nvcc for both, by any other compiler for the CPU.

#include <cmath>

#ifdef __CUDACC__
#define SID_HOST_DEVICE __host__ __device__ __forceinline__
#define SID_UNROLL(times) _Pragma(SID_TEXT(unroll times))
#define SID_TEXT(text) #text
#else
#define SID_HOST_DEVICE inline
#define SID_UNROLL(times)
#endif

namespace sid::kernels {

// By overloads, so that float stays float on both sides.
SID_HOST_DEVICE float Exp(float x) { return expf(x); }
SID_HOST_DEVICE double Exp(double x) { return exp(x); }
SID_HOST_DEVICE float Log(float x) { return logf(x); }
SID_HOST_DEVICE double Log(double x) { return log(x); }

}  // namespace sid::kernels
