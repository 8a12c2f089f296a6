#pragma once

// A training state in a file: a safetensors file (base/safetensors/safetensors.h) whose metadata hold what is no tensor.
//
//   format           pt; what Python's readers ask for
//   format_version   2; a program reads its own alone
//   state            JSON: epoch, step, rollbacks, seconds, losses, best epoch
//   settings         JSON: the run's, by flag; a checkpoint continues a run of the same settings only
//   outputs          JSON: how long each growing output file of the run was
//   sha256           of all of the above, and of every tensor's name, type, shape and bytes

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/safetensors/safetensors.h"
#include "training/training_state.h"

namespace sid {

// Name and value, the weightiest first.
using Settings = std::vector<std::pair<std::string, std::string>>;

struct Checkpoint {
  TrainingState state;
  Settings settings;
  std::map<std::string, int64_t> outputs;  // bytes of each file
};

// Written beside, synced and renamed: whatever happens, what stood at `path` before is whole or replaced by a whole one.
absl::Status SaveCheckpoint(const std::string& path, const Checkpoint& checkpoint);

// DataLoss, naming the path, for a file whose checksum or content is wrong; Unimplemented for another format version.
absl::StatusOr<Checkpoint> LoadCheckpoint(const std::string& path);

// What a checkpoint's metadata hold under "sha256", of a file with its tensors in the order of their names.
std::string CheckpointChecksum(const SafetensorsFile& file);

// InvalidArgument names the first setting that differs, and both values.
absl::Status CheckSettings(const Settings& saved, const Settings& current);

}  // namespace sid
