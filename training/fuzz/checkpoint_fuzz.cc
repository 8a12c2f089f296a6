// A checkpoint's metadata, state, settings and outputs as parts of the input, in a file whose checksum fits. What loads can be
// saved, and loads again as the same.

#include <ATen/ops/zeros.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/fuzzing/input.h"
#include "base/safetensors/safetensors.h"
#include "third_party/logging/logging.h"
#include "training/checkpoint.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  sid::SafetensorsFile file = {.tensors = {{"weights.w", at::zeros({2})}}, .metadata = {{"format_version", "1"}}};
  for (const char* key : {"state", "settings", "outputs"}) file.metadata[key] = sid::TakePart(input);
  file.metadata["sha256"] = sid::CheckpointChecksum(file);
  const std::string path = sid::FuzzFolder() + "/checkpoint";
  CHECK(sid::SaveSafetensors(path, file.tensors, file.metadata).ok());
  const auto checkpoint = sid::LoadCheckpoint(path);
  sid::CheckIsOneLine(checkpoint.status());
  if (!checkpoint.ok()) return 0;
  CHECK_GE(checkpoint->state.epoch, 0);
  CHECK_GE(checkpoint->state.losses.steps, 0);
  for (const auto& [name, bytes] : checkpoint->outputs) CHECK_GE(bytes, 0) << name;
  CHECK(sid::SaveCheckpoint(path, *checkpoint).ok());
  const auto again = sid::LoadCheckpoint(path);
  CHECK(again.ok()) << again.status();
  CHECK(again->settings == checkpoint->settings && again->outputs == checkpoint->outputs);
  CHECK(again->state.losses.sums == checkpoint->state.losses.sums);
  return 0;
}
