#include <ATen/ops/empty.h>
#include <c10/util/Exception.h>
#include <gtest/gtest.h>

#include <new>
#include <stdexcept>

#include "base/machine/device.h"

namespace sid {
namespace {

// Texts that LibTorch's macros make of the driver's and the libraries' codes.
TEST(DeviceFailure, IsRecognisedByItsText) {
  const auto expect = [](DeviceFailure expected, const std::string& text) {
    EXPECT_EQ(RecogniseDeviceFailure(std::runtime_error(text)), expected) << text;
  };
  for (const char* text : {"CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported",
                           "CUDA driver error: out of memory", "CUDA out of memory. Tried to allocate 2.00 GiB.",
                           "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
                           "cuDNN error: CUDNN_STATUS_ALLOC_FAILED"}) {
    expect(DeviceFailure::kOutOfDeviceMemory, text);
  }
  for (const char* text : {"CUDA error: unspecified launch failure", "CUDA driver error: device lost",
                           "cuDNN error: CUDNN_STATUS_EXECUTION_FAILED",
                           "CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasSgemm(...)`"}) {
    expect(DeviceFailure::kDeviceFailed, text);
  }
  expect(DeviceFailure::kNone, "The size of tensor a (3) must match the size of tensor b (4)");
}

TEST(DeviceFailure, MemoryIsOfTheSideThatAsked) {
  EXPECT_EQ(RecogniseDeviceFailure(std::bad_alloc()), DeviceFailure::kOutOfHostMemory);
  try {
    (void)at::empty({int64_t{1} << 60}, at::kByte);
    FAIL() << "an exbibyte was allocated";
  } catch (const std::exception& error) {
    EXPECT_EQ(RecogniseDeviceFailure(error), DeviceFailure::kOutOfHostMemory) << error.what();
  }
  try {
    C10_THROW_ERROR(OutOfMemoryError, "Allocation on device");
  } catch (const std::exception& error) {
    EXPECT_EQ(RecogniseDeviceFailure(error), DeviceFailure::kOutOfDeviceMemory) << error.what();
  }
}

TEST(DeviceFailure, IsDescribedInOneLine) {
  EXPECT_EQ(DescribeDeviceFailure(std::runtime_error("CUDA error: device lost\nstack")),
            "the GPU failed: CUDA error: device lost; nvidia-smi shows whether it is lost");
  EXPECT_EQ(
      DescribeDeviceFailure(std::runtime_error("CUDA error: out of memory\nstack")),
      "out of memory on the GPU (CUDA error: out of memory): try smaller sizes; nvidia-smi shows who else uses it");
  EXPECT_EQ(DescribeDeviceFailure(std::bad_alloc()), "out of memory (std::bad_alloc): try smaller sizes");
  EXPECT_EQ(DescribeDeviceFailure(std::runtime_error("what\nwhere")), "what");
}

}  // namespace
}  // namespace sid
