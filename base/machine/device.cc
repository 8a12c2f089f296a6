#include "base/machine/device.h"

#include <ATen/Context.h>
#include <c10/util/Exception.h>
#include <cuda_runtime_api.h>

#include <algorithm>
#include <initializer_list>
#include <new>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "third_party/logging/logging.h"

namespace sid {

namespace {

std::string WhyNoGpuHere() {
  int devices = 0, driver = 0, built = 0;
  const cudaError_t error = cudaGetDeviceCount(&devices);
  cudaGetLastError();  // or a later call would report it again
  if (cudaDriverGetVersion(&driver) != cudaSuccess || cudaRuntimeGetVersion(&built) != cudaSuccess) return "";
  return WhyNoGpu(error, driver, built);
}

std::string WhatThereIs(int64_t devices) {
  if (devices == 0) {
    const std::string why = WhyNoGpuHere();
    return absl::StrCat("this machine has no CUDA device that the driver shows", why.empty() ? "" : " (", why,
                        why.empty() ? "" : ")", "; use cpu, or auto");
  }
  return absl::StrCat("this machine has cpu and cuda:0", devices > 1 ? absl::StrCat(" to cuda:", devices - 1) : "");
}

}  // namespace

absl::StatusOr<at::Device> ParseDevice(const std::string& name) {
  const int64_t devices = at::hasCUDA() ? static_cast<int64_t>(at::getNumGPUs()) : 0;
  if (name == "auto" && devices == 0) {
    if (const std::string why = WhyNoGpuHere(); !why.empty()) LOG(WARNING) << "computes on the CPU: " << why;
  }
  if (name == "cpu" || (name == "auto" && devices == 0)) return at::Device(at::kCPU);
  if (name == "auto") return at::Device(at::kCUDA, 0);
  absl::string_view rest = name;
  int index = 0;
  if (!absl::ConsumePrefix(&rest, "cuda") ||
      !(rest.empty() || (absl::ConsumePrefix(&rest, ":") && absl::SimpleAtoi(rest, &index)))) {
    return absl::InvalidArgumentError(absl::StrCat("unknown device '", name, "': it is auto, cpu, cuda or cuda:N"));
  }
  if (index >= 0 && index < devices) return at::Device(at::kCUDA, static_cast<at::DeviceIndex>(index));
  return absl::NotFoundError(absl::StrCat("device '", name, "' is not there: ", WhatThereIs(devices)));
}

std::string WhyNoGpu(int error, int driver_version, int built_version) {
  if (error == cudaSuccess || error == cudaErrorNoDevice || driver_version == 0) return "";
  if (error == cudaErrorInsufficientDriver) {
    const auto version = [](int number) { return absl::StrCat(number / 1000, ".", number % 1000 / 10); };
    return absl::StrCat("the GPU's driver knows CUDA ", version(driver_version), ", and this program needs ",
                        version(built_version), ": update the driver");
  }
  return absl::StrCat("the GPU's driver fails: ", cudaGetErrorString(static_cast<cudaError_t>(error)));
}

void UseDeterministicAlgorithms() { at::globalContext().setDeterministicAlgorithms(/*b=*/true, /*warn_only=*/false); }

namespace {

bool HasAnyOf(const std::string& text, std::initializer_list<const char*> parts) {
  return std::any_of(parts.begin(), parts.end(), [&](const char* part) { return absl::StrContains(text, part); });
}

}  // namespace

DeviceFailure RecogniseDeviceFailure(const std::exception& error) {
  const std::string what = error.what();
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr || HasAnyOf(what, {"DefaultCPUAllocator"}))
    return DeviceFailure::kOutOfHostMemory;
  // Before the errors of a GPU, of which some are of its memory. The first is the driver's, which the allocator's cache has not
  // met; the libraries take memory of their own.
  if (dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr ||
      HasAnyOf(what, {"CUDA error: out of memory", "CUDA driver error: out of memory", "CUDA out of memory",
                      "CUBLAS_STATUS_ALLOC_FAILED", "CUDNN_STATUS_ALLOC_FAILED"})) {
    return DeviceFailure::kOutOfDeviceMemory;
  }
  if (HasAnyOf(what, {"CUDA error", "CUDA driver error", "cuDNN error", "CUDNN_STATUS_", "CUBLAS_STATUS_"}))
    return DeviceFailure::kDeviceFailed;
  return DeviceFailure::kNone;
}

std::string DescribeDeviceFailure(const std::exception& error) {
  const std::string what = error.what();
  std::string first_line = what.substr(0, what.find('\n'));  // the rest is LibTorch's stack
  switch (RecogniseDeviceFailure(error)) {
    case DeviceFailure::kNone:
      return first_line;
    case DeviceFailure::kOutOfHostMemory:
      return absl::StrCat("out of memory (", first_line, "): try smaller sizes");
    case DeviceFailure::kOutOfDeviceMemory:
      return absl::StrCat("out of memory on the GPU (", first_line,
                          "): try smaller sizes; nvidia-smi shows who else uses it");
    case DeviceFailure::kDeviceFailed:
      return absl::StrCat("the GPU failed: ", first_line, "; nvidia-smi shows whether it is lost");
  }
  return first_line;
}

}  // namespace sid
