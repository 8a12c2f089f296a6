#include "data/loaders/source_folder.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "base/files.h"
#include "base/paths.h"
#include "base/status.h"
#include "base/text.h"
#include "data/formats/recognise.h"

namespace sid {
namespace {

constexpr int kDeepest =
    3;  // folders in one another: data/MNIST/raw, and one more where an archive was unpacked into its own name

std::string Plain(const std::string& name) {
  const std::string plain = absl::StrReplaceAll(absl::AsciiStrToLower(name), {{".", "-"}, {"_", "-"}});
  return std::string(absl::StripSuffix(plain, "-gz"));
}

struct Search {
  const SourceLayout& layout;
  std::string best = {};
  int64_t most = 0;  // of the files in the best folder so far
  std::string other = {};
  absl::Status error = absl::OkStatus();  // the first

  void LookInto(const std::string& folder, int depth) {
    const auto names = ListFolder(folder);
    if (!names.ok()) return error.Update(names.status());
    for (const std::string& name : layout.folders) {
      const std::string below = absl::StrCat(folder, "/", name);
      if (depth < kDeepest && std::binary_search(names->begin(), names->end(), name) &&
          LookAt(below).value_or(PathKind::kFile) == PathKind::kFolder)
        LookInto(below, depth + 1);
    }
    const int64_t found = std::count_if(layout.files.begin(), layout.files.end(),
                                        [&](const auto& file) { return !NamesOfFile(*names, file).empty(); });
    if (found > most) most = found, best = folder;
    for (const auto& [name, what] : layout.others) {
      if (other.empty() && std::binary_search(names->begin(), names->end(), name))
        other = absl::StrCat(folder, "/", name, " is ", what);
    }
  }
};

}  // namespace

std::string FetchHint(const std::string& dataset) {
  return absl::StrCat("`./tools/bazel run //data:fetch -- --dataset=", dataset, " --out=DIR` downloads it");
}

absl::Status SourceError(const std::string& dataset, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(dataset, ": ", status.message(),
                                                  absl::IsNotFound(status) ? "; " + FetchHint(dataset) : ""));
}

absl::StatusOr<std::string> FindSourceFolder(const SourceLayout& layout, const std::string& data_dir) {
  const absl::StatusOr<PathKind> kind = LookAt(data_dir);
  if (!kind.ok()) return SourceError(layout.dataset, kind.status());
  if (*kind != PathKind::kFolder) {
    return absl::NotFoundError(absl::StrCat(
        layout.dataset, ": there is no folder ", data_dir, *kind == PathKind::kNothing ? "" : ", but a file",
        "; name the folder of its files with --data_dir=DIR; ", FetchHint(layout.dataset)));
  }
  Search search{layout};
  search.LookInto(data_dir, 0);
  if (search.most > 0) return search.best;
  if (!search.error.ok()) return SourceError(layout.dataset, search.error);
  if (!search.other.empty())
    return absl::NotFoundError(absl::StrCat(layout.dataset, ": ", search.other, "; ", FetchHint(layout.dataset)));
  return absl::NotFoundError(absl::StrCat(layout.dataset, ": ", data_dir, " holds neither a folder ", layout.folders[0],
                                          " nor that folder's files; name the right one with --data_dir=DIR; ",
                                          FetchHint(layout.dataset)));
}

std::vector<std::string> NamesOfFile(const std::vector<std::string>& names, const std::string& file) {
  std::vector<std::string> found;
  std::copy_if(names.begin(), names.end(), std::back_inserter(found),
               [&](const auto& name) { return Plain(name) == Plain(file); });
  std::stable_partition(found.begin(), found.end(), [&](const std::string& name) { return name == file; });
  return found;
}

absl::Status CheckFileSize(const std::string& dataset, const std::string& path, int64_t expected) {
  absl::StatusOr<FileReader> file = FileReader::Open(path);
  if (!file.ok()) return SourceError(dataset, file.status());
  const auto found = static_cast<int64_t>(file->size());
  if (found == expected) return absl::OkStatus();
  std::string start(std::min<int64_t>(found, 512), '\0');
  SID_RETURN_IF_ERROR(file->Read(start.data(), start.size()));
  return absl::DataLossError(absl::StrCat(dataset, ": ", path, " is ", found < expected ? "truncated" : "overlong",
                                          ItIs(start), ": expected ", expected, " bytes, found ", found,
                                          "; delete it and get it again: ", FetchHint(dataset)));
}

absl::StatusOr<std::vector<std::string>> ReadLines(const std::string& dataset, const std::string& path) {
  absl::StatusOr<std::vector<std::string>> lines = ReadTextLines(path);
  return lines.ok() ? lines : SourceError(dataset, lines.status());
}

}  // namespace sid
