#include "training/checkpoint_folder.h"

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
#include "base/paths.h"
#include "base/status.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

constexpr char kEnding[] = ".safetensors";

std::string NameOf(const CheckpointPlace& place) {
  return absl::StrFormat("epoch-%06d-step-%09d%s", place.first, place.second, kEnding);
}

// None for a file that is called otherwise.
std::optional<CheckpointPlace> PlaceOf(const std::string& name) {
  const std::vector<std::string> parts = absl::StrSplit(absl::StripSuffix(name, kEnding), '-');
  CheckpointPlace place;
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
  const CheckpointPlace place = {checkpoint.state.epoch, checkpoint.state.step};
  SID_RETURN_IF_ERROR(SaveCheckpoint(PathOf(place), checkpoint));
  SID_ASSIGN_OR_RETURN(std::vector<CheckpointPlace> older, List());
  // A newer one, left where it was found broken, counts for nothing.
  older.erase(std::lower_bound(older.begin(), older.end(), place), older.end());
  std::error_code ignored;  // it is tried again next time
  for (size_t i = 0; i + keep_ <= older.size(); ++i) std::filesystem::remove(PathOf(older[i]), ignored);
  return absl::OkStatus();
}

void CheckpointFolder::RemoveUnfinished() const {
  RemoveUnfinishedFiles(path_, [](const std::string& name) { return PlaceOf(name).has_value(); });
}

absl::StatusOr<Checkpoint> CheckpointFolder::LoadNewest(const std::function<void(const std::string&)>& warn) const {
  SID_ASSIGN_OR_RETURN(const std::vector<CheckpointPlace> places, List());
  if (places.empty()) return absl::NotFoundError(absl::StrCat("there is no checkpoint in ", path_));
  absl::Status newest;
  for (auto place = places.rbegin(); place != places.rend(); ++place) {
    absl::StatusOr<Checkpoint> checkpoint = LoadCheckpoint(PathOf(*place));
    if (checkpoint.ok()) return checkpoint;
    // Another format is no damage: an older file of it would be no help.
    if (absl::IsUnimplemented(checkpoint.status())) return checkpoint.status();
    if (newest.ok()) newest = checkpoint.status();
    warn(std::string(checkpoint.status().message()));
  }
  return absl::DataLossError(absl::StrCat("no checkpoint in ", path_, " is whole: ", newest.message()));
}

absl::StatusOr<std::vector<CheckpointPlace>> CheckpointFolder::List() const {
  std::vector<CheckpointPlace> places;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(path_, error), end; !error && entry != end; entry.increment(error)) {
    if (const auto place = PlaceOf(entry->path().filename().string())) places.push_back(*place);
  }
  // Not there yet is empty; whatever else hides the checkpoints must not look as if there were none.
  if (error && error != std::errc::no_such_file_or_directory)
    return absl::UnavailableError(PathError(error.value(), "read folder", path_).message());
  // By number: as text a millionth epoch would come before the second.
  std::sort(places.begin(), places.end());
  return places;
}

std::string CheckpointFolder::PathOf(const CheckpointPlace& place) const {
  return absl::StrCat(path_, "/", NameOf(place));
}

}  // namespace sid
