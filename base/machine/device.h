#pragma once

// Where tensors live: chosen at run time, by name.

#include <c10/core/Device.h>

#include <string>

#include "absl/status/statusor.h"

namespace sid {

// "auto" (the first GPU where there is one, else the CPU), "cpu", "cuda" or "cuda:1". An error says which devices there
// are.
absl::StatusOr<at::Device> ParseDevice(const std::string& name);

// From here on, operations that would differ from run to run on a GPU use a deterministic algorithm or throw.
void UseDeterministicAlgorithms();

}  // namespace sid
