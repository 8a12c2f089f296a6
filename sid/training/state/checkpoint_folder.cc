#include "sid/training/state/checkpoint_folder.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

constexpr char kEnding[] = ".safetensors";

}  // namespace

CheckpointFolder::CheckpointFolder(std::string path, int64_t keep) : path_(std::move(path)), keep_(keep) {
  CHECK_GE(keep_, 1);
}

absl::Status CheckpointFolder::Save(const Checkpoint& checkpoint) const {
  std::error_code error;
  std::filesystem::create_directories(path_, error);
  if (error) return absl::UnavailableError(absl::StrCat("cannot create folder ", path_, ": ", error.message()));
  const std::string path =
      absl::StrFormat("%s/epoch-%06d-step-%09d%s", path_, checkpoint.state.epoch, checkpoint.state.step, kEnding);
  SID_RETURN_IF_ERROR(SaveCheckpoint(path, checkpoint));
  std::vector<std::string> older = List();
  // A newer one, left where it was found broken, counts for nothing.
  older.erase(std::lower_bound(older.begin(), older.end(), path), older.end());
  for (size_t i = 0; i + keep_ <= older.size(); ++i) std::filesystem::remove(older[i], error);  // tried again next time
  return absl::OkStatus();
}

absl::StatusOr<Checkpoint> CheckpointFolder::LoadNewest(const std::function<void(const std::string&)>& warn) const {
  const std::vector<std::string> paths = List();
  if (paths.empty()) return absl::NotFoundError(absl::StrCat("there is no checkpoint in ", path_));
  absl::Status newest;
  for (auto path = paths.rbegin(); path != paths.rend(); ++path) {
    absl::StatusOr<Checkpoint> checkpoint = LoadCheckpoint(*path);
    if (checkpoint.ok()) return checkpoint;
    // Another format is no damage: an older file of it would be no help.
    if (absl::IsUnimplemented(checkpoint.status())) return checkpoint.status();
    if (newest.ok()) newest = checkpoint.status();
    warn(std::string(checkpoint.status().message()));
  }
  return absl::DataLossError(absl::StrCat("no checkpoint in ", path_, " is whole: ", newest.message()));
}

std::vector<std::string> CheckpointFolder::List() const {
  std::vector<std::string> paths;
  std::error_code ignored;
  for (std::filesystem::directory_iterator entry(path_, ignored), end; entry != end; entry.increment(ignored)) {
    const std::string name = entry->path().filename().string();
    if (absl::StartsWith(name, "epoch-") && absl::EndsWith(name, kEnding)) paths.push_back(path_ + "/" + name);
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace sid
