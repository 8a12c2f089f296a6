#include "base/machine/precision.h"

#include <ATen/Context.h>
#include <gtest/gtest.h>

namespace sid {
namespace {

TEST(Precision, NamesAreReadForTheirDevice) {
  EXPECT_EQ(ParsePrecision("bf16", at::kCPU).value(), Precision::kBf16);
  EXPECT_EQ(ParsePrecision("tf32", at::Device(at::kCUDA, 0)).value(), Precision::kTf32);
  EXPECT_EQ(ParsePrecision("tf32", at::kCPU).status().message(),
            "precision tf32 is a mode of NVIDIA GPUs, and the device is cpu: use fp32 or bf16");
  EXPECT_NE(ParsePrecision("bf61", at::kCPU).status().message().find("did you mean 'bf16'"), absl::string_view::npos);
}

TEST(Precision, OnlyTf32RoundsFloat32Products) {
  for (const Precision precision : {Precision::kTf32, Precision::kBf16, Precision::kFp32}) {
    UsePrecision(precision);
    EXPECT_EQ(at::globalContext().allowTF32CuBLAS(), precision == Precision::kTf32);
    EXPECT_EQ(at::globalContext().allowTF32CuDNN(), precision == Precision::kTf32);
  }
}

TEST(Precision, OnlyBf16ChangesTheTypeOfProducts) {
  EXPECT_EQ(ComputeType(Precision::kBf16, at::kFloat), at::kBFloat16);
  EXPECT_EQ(ComputeType(Precision::kTf32, at::kFloat), at::kFloat);
  EXPECT_EQ(ComputeType(Precision::kFp32, at::kDouble), at::kDouble);
}

}  // namespace
}  // namespace sid
