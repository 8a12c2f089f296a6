#pragma once

// Code that the GPU runs and the CPU tests: compiled by nvcc for both, by any other compiler for the CPU. And what it is written in: four
// neighbouring numbers, which go to and from memory at once where these are 16 bytes.

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

inline constexpr int kQuad = 4;

SID_HOST_DEVICE constexpr int QuadsOf(int size) { return (size + kQuad - 1) / kQuad; }

template <typename Number>
struct alignas(16) Quad {
  Number value[kQuad];
};

template <typename Number>
SID_HOST_DEVICE void Add(const Quad<Number>& quad, Quad<Number>& sum) {
  for (int j = 0; j < kQuad; ++j) sum.value[j] += quad.value[j];
}

// From 4 sizeof(Storage) bytes, aligned to that or to 16. On a GPU what has 2 bytes is bfloat16, whose bits are a float's upper half.
template <typename Number, typename Storage>
SID_HOST_DEVICE Quad<Number> Load(const Storage* place) {
#ifdef __CUDA_ARCH__
  if constexpr (sizeof(Storage) == 2) {
    const uint2 bits = *reinterpret_cast<const uint2*>(place);
    return {__uint_as_float(bits.x << 16), __uint_as_float(bits.x & 0xffff0000), __uint_as_float(bits.y << 16),
            __uint_as_float(bits.y & 0xffff0000)};
  } else if constexpr (sizeof(Storage) == 4) {
    const float4 all = *reinterpret_cast<const float4*>(place);
    return {all.x, all.y, all.z, all.w};
  } else {
    const double2 begin = *reinterpret_cast<const double2*>(place), end = *reinterpret_cast<const double2*>(place + 2);
    return {begin.x, begin.y, end.x, end.y};
  }
#else
  Quad<Number> quad;
  for (int j = 0; j < kQuad; ++j) quad.value[j] = static_cast<Number>(place[j]);
  return quad;
#endif
}

// To shared memory. nvcc makes four stores of an assignment, even of a float4's.
template <typename Number>
SID_HOST_DEVICE void Store(const Quad<Number>& quad, Number* place) {
#ifdef __CUDA_ARCH__
  const auto address = static_cast<unsigned>(__cvta_generic_to_shared(place));
  const Number* const value = quad.value;
  if constexpr (sizeof(Number) == 4) {
    asm volatile("st.shared.v4.f32 [%0], {%1, %2, %3, %4};" ::"r"(address), "f"(value[0]), "f"(value[1]), "f"(value[2]),
                 "f"(value[3])
                 : "memory");
  } else {
    reinterpret_cast<double2*>(place)[0] = make_double2(value[0], value[1]);
    reinterpret_cast<double2*>(place)[1] = make_double2(value[2], value[3]);
  }
#else
  for (int j = 0; j < kQuad; ++j) place[j] = quad.value[j];
#endif
}

// Starts to copy four numbers to shared memory; a thread's are there after its WaitForCopies.
template <typename Storage>
SID_HOST_DEVICE void CopyAhead(const Storage* from, Storage* to) {
#ifdef __CUDA_ARCH__
  constexpr int kBytes = sizeof(Storage) == 2 ? 8 : 16;
  for (int done = 0; done < kQuad * static_cast<int>(sizeof(Storage)); done += kBytes) {
    const auto address = static_cast<unsigned>(__cvta_generic_to_shared(to)) + done;
    const auto source = __cvta_generic_to_global(reinterpret_cast<const char*>(from) + done);
    asm volatile("cp.async.ca.shared.global [%0], [%1], %2;" ::"r"(address), "l"(source), "n"(kBytes) : "memory");
  }
#else
  for (int j = 0; j < kQuad; ++j) to[j] = from[j];
#endif
}

// One number.
template <typename Number>
SID_HOST_DEVICE void CopyOneAhead(const Number* from, Number* to) {
#ifdef __CUDA_ARCH__
  asm volatile("cp.async.ca.shared.global [%0], [%1], %2;" ::"r"(static_cast<unsigned>(__cvta_generic_to_shared(to))),
               "l"(__cvta_generic_to_global(from)), "n"(sizeof(Number))
               : "memory");
#else
  *to = *from;
#endif
}

SID_HOST_DEVICE void WaitForCopies() {
#ifdef __CUDA_ARCH__
  asm volatile("cp.async.wait_all;" ::: "memory");
#endif
}

}  // namespace sid::kernels
