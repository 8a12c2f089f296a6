#pragma once

// The last checkpoints of one run, in a folder of their own: epoch-000003-step-000000120.safetensors.

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "training/checkpoint.h"

namespace sid {

// Epoch and step.
using CheckpointPlace = std::pair<int64_t, int64_t>;

class CheckpointFolder {
 public:
  // At `path`, which need not exist yet; `keep` checkpoints stay, at least 1.
  CheckpointFolder(std::string path, int64_t keep);

  // Writes it, and only then removes what is older than the last `keep`.
  absl::Status Save(const Checkpoint& checkpoint) const;

  // Removes what a killed process has left half written. Only where no other process writes.
  void RemoveUnfinished() const;

  // The newest whole checkpoint. Each newer file that is none is named to `warn`, with the reason. NotFound without any
  // file, DataLoss when none is whole; an error, too, where the folder cannot be read.
  absl::StatusOr<Checkpoint> LoadNewest(const std::function<void(const std::string&)>& warn) const;

 private:
  // The checkpoints, oldest first.
  absl::StatusOr<std::vector<CheckpointPlace>> List() const;
  std::string PathOf(const CheckpointPlace& place) const;

  std::string path_;
  int64_t keep_;
};

}  // namespace sid
