#include "base/machine/precision.h"

#include <ATen/Context.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/machine/limits.h"
#include "base/status.h"
#include "base/text.h"

namespace sid {

std::vector<std::string> PrecisionNames() { return {"fp32", "tf32", "bf16"}; }

absl::StatusOr<Precision> ParsePrecision(const std::string& name, at::Device device) {
  SID_ASSIGN_OR_RETURN(const size_t index, FindName("precision", name, PrecisionNames()));
  const auto precision = static_cast<Precision>(index);
  if (precision == Precision::kTf32 && !device.is_cuda()) {
    return absl::InvalidArgumentError(absl::StrCat("precision tf32 is a mode of NVIDIA GPUs, and the device is ",
                                                   device.str(), ": use fp32 or bf16"));
  }
  return precision;
}

void UsePrecision(Precision precision) {
  const bool rounded = precision == Precision::kTf32;
  at::globalContext().setAllowTF32CuBLAS(rounded);
  at::globalContext().setAllowTF32CuDNN(rounded);
}

at::ScalarType ComputeType(Precision precision, at::ScalarType weights) {
  return precision == Precision::kBf16 ? at::kBFloat16 : weights;
}

bool HasBf16Instructions(at::Device device) {
  if (device.is_cuda()) return true;  // from compute capability 8.0 on, the oldest that the kernels are compiled for
  const std::string flags = ProcessorField("flags");
  return absl::StrContains(flags, "avx512_bf16") || absl::StrContains(flags, "amx_bf16");
}

}  // namespace sid
