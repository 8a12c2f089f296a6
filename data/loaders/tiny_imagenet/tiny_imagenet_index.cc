#include "data/loaders/tiny_imagenet/tiny_imagenet_index.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <system_error>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/status.h"
#include "data/loaders/source_folder.h"

namespace sid {
namespace {

namespace fs = std::filesystem;

constexpr char kDataset[] = "tiny-imagenet";

using Labels = absl::flat_hash_map<std::string, int64_t>;  // of each WordNet id

absl::Status Damaged(const std::string& path, const std::string& what) {
  return absl::DataLossError(absl::StrCat(kDataset, ": ", path, ": ", what, "; ", FetchHint(kDataset)));
}

// A name out of a text file becomes part of a path, so it must be a name and no path.
absl::Status CheckPlainName(const std::string& path, const std::string& name) {
  if (!name.empty() && name != "." && name != ".." && !absl::StrContains(name, '/')) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(kDataset, ": ", path, ": '", name, "' is no plain name; paths are not allowed there"));
}

// That `path`, with all symbolic links followed, exists and lies in `root` (itself without links).
absl::Status CheckInside(const fs::path& root, const fs::path& path) {
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  if (error) {
    return absl::NotFoundError(
        absl::StrCat(kDataset, ": cannot find ", path.string(), ": ", error.message(), "; ", FetchHint(kDataset)));
  }
  if (std::mismatch(root.begin(), root.end(), real.begin(), real.end()).first == root.end()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(kDataset, ": ", path.string(), " leads out of ", root.string(), " to ",
                                                 real.string(), "; copy the files instead of linking them"));
}

// The sorted names of the JPEGs in a folder.
absl::StatusOr<std::vector<std::string>> ListJpegs(const fs::path& root, const fs::path& folder) {
  SID_RETURN_IF_ERROR(CheckInside(root, folder));
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->path().extension() == ".JPEG") names.push_back(entry->path().filename().string());
  }
  if (error)
    return absl::NotFoundError(absl::StrCat(kDataset, ": cannot list ", folder.string(), ": ", error.message()));
  std::sort(names.begin(), names.end());
  return names;
}

absl::StatusOr<Labels> ReadLabels(const std::string& path, std::vector<std::string>* ids) {
  SID_ASSIGN_OR_RETURN(*ids, ReadLines(kDataset, path));
  Labels labels;
  for (const std::string& id : *ids) {
    SID_RETURN_IF_ERROR(CheckPlainName(path, id));
    if (!labels.emplace(id, static_cast<int64_t>(labels.size())).second)
      return Damaged(path, absl::StrCat("class ", id, " stands there twice"));
  }
  if (labels.empty()) return Damaged(path, "it names no class");
  return labels;
}

absl::StatusOr<std::vector<std::string>> ReadClassNames(const std::string& path, const std::vector<std::string>& ids,
                                                        const Labels& labels) {
  SID_ASSIGN_OR_RETURN(const std::vector<std::string> lines, ReadLines(kDataset, path));
  std::vector<std::string> names(ids.size());
  for (const std::string& line : lines) {
    const std::pair<std::string, std::string> entry = absl::StrSplit(line, absl::MaxSplits('\t', 1));
    if (const auto label = labels.find(entry.first); label != labels.end()) names[label->second] = entry.second;
  }
  for (size_t i = 0; i < ids.size(); ++i) {
    if (names[i].empty()) return Damaged(path, absl::StrCat("it has no name for class ", ids[i]));
  }
  return names;
}

absl::StatusOr<ImageList> ListTrain(const fs::path& root, const std::vector<std::string>& ids) {
  ImageList list;
  for (size_t label = 0; label < ids.size(); ++label) {
    const fs::path folder = root / "train" / ids[label] / "images";
    SID_ASSIGN_OR_RETURN(const std::vector<std::string> names, ListJpegs(root, folder));
    if (names.empty()) return Damaged(folder.string(), "there is no .JPEG in it");
    for (const std::string& name : names) list.paths.push_back((folder / name).string());
    list.labels.resize(list.paths.size(), static_cast<int64_t>(label));
  }
  return list;
}

absl::StatusOr<ImageList> ListValidation(const fs::path& root, const Labels& labels) {
  const fs::path folder = root / "val" / "images";
  const std::string annotations = (root / "val" / "val_annotations.txt").string();
  SID_ASSIGN_OR_RETURN(const std::vector<std::string> names, ListJpegs(root, folder));
  SID_ASSIGN_OR_RETURN(const std::vector<std::string> lines, ReadLines(kDataset, annotations));
  ImageList list;
  absl::flat_hash_set<std::string> seen;
  for (const std::string& line : lines) {
    const std::vector<std::string> fields = absl::StrSplit(line, '\t');
    if (fields.size() < 2) return Damaged(annotations, absl::StrCat("'", line, "' is not: file <tab> class"));
    SID_RETURN_IF_ERROR(CheckPlainName(annotations, fields[0]));
    const auto label = labels.find(fields[1]);
    if (label == labels.end())
      return Damaged(annotations, absl::StrCat(fields[0], " has class ", fields[1], ", which wnids.txt does not name"));
    if (!seen.insert(fields[0]).second) return Damaged(annotations, absl::StrCat(fields[0], " stands there twice"));
    list.paths.push_back((folder / fields[0]).string());
    list.labels.push_back(label->second);
  }
  // A text cut off between two lines would otherwise go unseen.
  for (const std::string& name : names) {
    if (!seen.contains(name)) return Damaged(annotations, absl::StrCat("it has no class for ", name));
  }
  if (list.paths.empty()) return Damaged(annotations, "it names no image");
  return list;
}

// A line for an image: its path in the folder, its size in bytes, when it was changed.
absl::StatusOr<std::string> Describe(const fs::path& root, const std::string& path) {
  struct stat info;
  if (lstat(path.c_str(), &info) == 0 && S_ISLNK(info.st_mode)) SID_RETURN_IF_ERROR(CheckInside(root, path));
  if (stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode))
    return absl::NotFoundError(absl::StrCat(kDataset, ": there is no file ", path, "; ", FetchHint(kDataset)));
  return absl::StrCat(path.substr(root.native().size()), "\t", info.st_size, "\t", info.st_mtim.tv_sec, ".",
                      info.st_mtim.tv_nsec, "\n");
}

absl::StatusOr<uint64_t> Fingerprint(const fs::path& root, const ImageList& train, const ImageList& validation) {
  std::string listing;
  for (const ImageList* list : {&train, &validation}) {
    for (const std::string& path : list->paths) {
      SID_ASSIGN_OR_RETURN(const std::string line, Describe(root, path));
      listing += line;
    }
    listing += "\n";
  }
  // Should the standard library ever change its hash, caches only become stale.
  return std::hash<std::string>()(listing);
}

}  // namespace

absl::StatusOr<TinyImagenetIndex> ReadTinyImagenetIndex(const std::string& folder) {
  std::error_code error;
  const fs::path root = fs::canonical(folder, error);
  if (error) return absl::NotFoundError(absl::StrCat(kDataset, ": cannot find ", folder, ": ", error.message()));
  TinyImagenetIndex index;
  std::vector<std::string> ids;
  SID_ASSIGN_OR_RETURN(const Labels labels, ReadLabels((root / "wnids.txt").string(), &ids));
  SID_ASSIGN_OR_RETURN(index.class_names, ReadClassNames((root / "words.txt").string(), ids, labels));
  SID_ASSIGN_OR_RETURN(index.train, ListTrain(root, ids));
  SID_ASSIGN_OR_RETURN(index.validation, ListValidation(root, labels));
  SID_ASSIGN_OR_RETURN(index.fingerprint, Fingerprint(root, index.train, index.validation));
  return index;
}

}  // namespace sid
