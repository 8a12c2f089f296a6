#include "sid/training/state/checkpoint_folder.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/files.h"
#include "base/status.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

constexpr char kEnding[] = ".safetensors";

// Epoch and step.
using Place = std::pair<int64_t, int64_t>;

std::string NameOf(const Place& place) {
  return absl::StrFormat("epoch-%06d-step-%09d%s", place.first, place.second, kEnding);
}

// None for a file that is called otherwise.
std::optional<Place> PlaceOf(const std::string& name) {
  const std::vector<std::string> parts = absl::StrSplit(absl::StripSuffix(name, kEnding), '-');
  Place place;
  const bool has_numbers =
      parts.size() == 4 && absl::SimpleAtoi(parts[1], &place.first) && absl::SimpleAtoi(parts[3], &place.second);
  return has_numbers && NameOf(place) == name ? std::optional(place) : std::nullopt;
}

}  // namespace

CheckpointFolder::CheckpointFolder(std::string path, int64_t keep) : path_(std::move(path)), keep_(keep) {
  CHECK_GE(keep_, 1);
}

absl::Status CheckpointFolder::Save(const Checkpoint& checkpoint) const {
  SID_RETURN_IF_ERROR(CreateFolder(path_));
  const std::string path = absl::StrCat(path_, "/", NameOf({checkpoint.state.epoch, checkpoint.state.step}));
  SID_RETURN_IF_ERROR(SaveCheckpoint(path, checkpoint));
  std::vector<std::string> older = List();
  // A newer one, left where it was found broken, counts for nothing.
  older.erase(std::lower_bound(older.begin(), older.end(), path), older.end());
  std::error_code ignored;  // it is tried again next time
  for (size_t i = 0; i + keep_ <= older.size(); ++i) std::filesystem::remove(older[i], ignored);
  return absl::OkStatus();
}

void CheckpointFolder::RemoveUnfinished() const {
  RemoveUnfinishedFiles(path_, [](const std::string& name) { return PlaceOf(name).has_value(); });
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
    if (PlaceOf(name)) paths.push_back(path_ + "/" + name);
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace sid
