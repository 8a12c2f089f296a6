#include "data/loaders/source_folder.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/files.h"
#include "base/status.h"

namespace sid {
namespace {

namespace fs = std::filesystem;

bool IsFolder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

bool Exists(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

absl::Status MissingFile(const std::string& dataset, const std::string& path) {
  return absl::NotFoundError(absl::StrCat(dataset, ": there is no file ", path, "; ", FetchHint(dataset)));
}

}  // namespace

std::string FetchHint(const std::string& dataset) {
  return absl::StrCat("`./tools/bazel run //data:fetch -- --dataset=", dataset, " --out=DIR` downloads it");
}

absl::StatusOr<std::string> FindSourceFolder(const std::string& dataset, const std::string& data_dir,
                                             const std::string& folder, const std::vector<std::string>& files) {
  const fs::path root = data_dir;
  if (!IsFolder(root)) {
    return absl::NotFoundError(absl::StrCat(dataset, ": there is no folder ", data_dir,
                                            "; name the folder of its files with --data_dir=DIR; ",
                                            FetchHint(dataset)));
  }
  if (IsFolder(root / folder)) return (root / folder).string();
  if (std::any_of(files.begin(), files.end(), [&](const std::string& file) { return Exists(root / file); })) {
    return data_dir;
  }
  return absl::NotFoundError(absl::StrCat(dataset, ": ", data_dir, " holds neither a folder ", folder,
                                          " nor that folder's files; name the right one with --data_dir=DIR; ",
                                          FetchHint(dataset)));
}

absl::Status CheckFileSize(const std::string& dataset, const std::string& path, int64_t expected) {
  std::error_code error;
  const auto found = fs::file_size(path, error);
  if (error == std::errc::no_such_file_or_directory) return MissingFile(dataset, path);
  if (error) {
    return absl::FailedPreconditionError(
        absl::StrCat(dataset, ": cannot read ", path, ": ", error.message(), "; ", FetchHint(dataset)));
  }
  if (static_cast<int64_t>(found) == expected) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(
      dataset, ": ", path, " is ", static_cast<int64_t>(found) < expected ? "truncated" : "overlong", ": expected ",
      expected, " bytes, found ", found, "; delete it and get it again: ", FetchHint(dataset)));
}

absl::StatusOr<std::vector<std::string>> ReadLines(const std::string& dataset, const std::string& path) {
  if (!Exists(path)) return MissingFile(dataset, path);
  SID_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  std::vector<std::string> lines;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    const absl::string_view stripped = absl::StripSuffix(line, "\r");
    if (!stripped.empty()) lines.emplace_back(stripped);
  }
  return lines;
}

}  // namespace sid
