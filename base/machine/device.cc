#include "base/machine/device.h"

#include <ATen/Context.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace sid {
namespace {

std::string WhatThereIs(int64_t devices) {
  if (devices == 0) return "this machine has no CUDA device that the driver shows; use cpu, or auto";
  return absl::StrCat("this machine has cpu and cuda:0", devices > 1 ? absl::StrCat(" to cuda:", devices - 1) : "");
}

}  // namespace

absl::StatusOr<at::Device> ParseDevice(const std::string& name) {
  const int64_t devices = at::hasCUDA() ? static_cast<int64_t>(at::getNumGPUs()) : 0;
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

void UseDeterministicAlgorithms() { at::globalContext().setDeterministicAlgorithms(/*b=*/true, /*warn_only=*/false); }

}  // namespace sid
