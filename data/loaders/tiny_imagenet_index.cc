#include "data/loaders/tiny_imagenet_index.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <functional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/paths.h"
#include "base/status.h"
#include "data/loaders/source_folder.h"

namespace sid {
namespace {

namespace fs = std::filesystem;

using Labels = absl::flat_hash_map<std::string, int64_t>;  // of each WordNet id

absl::Status Damaged(const std::string& path, const std::string& what) {
  return absl::DataLossError(absl::StrCat(kTinyImagenet, ": ", path, ": ", what, "; ", FetchHint(kTinyImagenet)));
}

// A name out of a text file becomes part of a path, so it must be a name and no path.
absl::Status CheckPlainName(const std::string& path, const std::string& name) {
  if (!name.empty() && name != "." && name != ".." && !absl::StrContains(name, '/')) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(kTinyImagenet, ": ", path, ": '", name, "' is no plain name; paths are not allowed there"));
}

bool IsJpeg(const std::string& name) {
  const std::string ending = absl::AsciiStrToLower(fs::path(name).extension().string());
  return ending == ".jpeg" || ending == ".jpg";
}

// The sorted names of the JPEGs in a folder.
absl::StatusOr<std::vector<std::string>> ListJpegs(const fs::path& folder) {
  absl::StatusOr<std::vector<std::string>> names = ListFolder(folder);
  if (!names.ok()) return SourceError(kTinyImagenet, names.status());
  names->erase(std::remove_if(names->begin(), names->end(), [](const auto& name) { return !IsJpeg(name); }),
               names->end());
  return names;
}

// The folder of a class' images: officially `images` in the class' own, which many do without.
absl::StatusOr<fs::path> ImagesOf(const fs::path& folder) {
  const absl::StatusOr<PathKind> kind = LookAt(folder / "images");
  if (!kind.ok()) return SourceError(kTinyImagenet, kind.status());
  return *kind == PathKind::kFolder ? folder / "images" : folder;
}

// Those of all classes below `part`, class by class and by name; to validate by, a class may have none.
absl::StatusOr<ImageList> ListClasses(const fs::path& part, const std::vector<std::string>& ids, bool each_has_some) {
  ImageList list;
  for (size_t label = 0; label < ids.size(); ++label) {
    SID_ASSIGN_OR_RETURN(const fs::path folder, ImagesOf(part / ids[label]));
    SID_ASSIGN_OR_RETURN(const std::vector<std::string> names, ListJpegs(folder));
    if (names.empty() && each_has_some) {
      return absl::DataLossError(
          absl::StrCat(kTinyImagenet, ": class ", ids[label], " of wnids.txt has no .JPEG in ", folder.string(),
                       "; take it out of wnids.txt, or get the set again: ", FetchHint(kTinyImagenet)));
    }
    for (const std::string& name : names) list.paths.push_back((folder / name).string());
    list.labels.resize(list.paths.size(), static_cast<int64_t>(label));
  }
  return list;
}

absl::StatusOr<Labels> ReadLabels(const std::string& path, std::vector<std::string>* ids) {
  SID_ASSIGN_OR_RETURN(*ids, ReadLines(kTinyImagenet, path));
  Labels labels;
  for (const std::string& id : *ids) {
    SID_RETURN_IF_ERROR(CheckPlainName(path, id));
    if (!labels.emplace(id, static_cast<int64_t>(labels.size())).second)
      return Damaged(path, absl::StrCat("class ", id, " stands there twice"));
  }
  if (labels.empty()) return Damaged(path, "it names no class");
  return labels;
}

absl::StatusOr<std::vector<std::string>> ReadWordsOfClasses(const std::string& path,
                                                            const std::vector<std::string>& ids, const Labels& labels) {
  SID_ASSIGN_OR_RETURN(const std::vector<std::string> lines, ReadLines(kTinyImagenet, path));
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

// As published: all in one folder, their classes in a text.
absl::StatusOr<ImageList> ListAnnotated(const fs::path& folder, const std::string& annotations, const Labels& labels) {
  SID_ASSIGN_OR_RETURN(const std::vector<std::string> names, ListJpegs(folder));
  SID_ASSIGN_OR_RETURN(const std::vector<std::string> lines, ReadLines(kTinyImagenet, annotations));
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

// PyTorch's users sort the images into a folder for each class, as ImageFolder needs them; the folder `images` may stay, empty.
absl::StatusOr<bool> IsSorted(const fs::path& part, const std::vector<std::string>& ids) {
  const auto left = ListJpegs(part / "images");
  if (absl::IsPermissionDenied(left.status())) return left.status();
  if (left.ok() && !left->empty()) return false;
  return std::any_of(ids.begin(), ids.end(), [&](const std::string& id) {
    return LookAt(part / id).value_or(PathKind::kFolder) == PathKind::kFolder;
  });
}

absl::StatusOr<ImageList> ListValidation(const fs::path& root, const std::vector<std::string>& ids,
                                         const Labels& labels) {
  const fs::path part = root / "val";
  SID_ASSIGN_OR_RETURN(const bool sorted, IsSorted(part, ids));
  return sorted ? ListClasses(part, ids, /*each_has_some=*/false)
                : ListAnnotated(part / "images", (part / "val_annotations.txt").string(), labels);
}

// A line for an image: its path in the folder, its size in bytes, when it was changed.
absl::StatusOr<std::string> Describe(const fs::path& root, const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return SourceError(kTinyImagenet, PathError(errno, "look at", path));
  if (!S_ISREG(info.st_mode)) return Damaged(path, "it is no file");
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
  const fs::path root = folder;
  TinyImagenetIndex index;
  std::vector<std::string> ids;
  SID_ASSIGN_OR_RETURN(const Labels labels, ReadLabels((root / "wnids.txt").string(), &ids));
  SID_ASSIGN_OR_RETURN(index.class_names, ReadWordsOfClasses((root / "words.txt").string(), ids, labels));
  SID_ASSIGN_OR_RETURN(index.train, ListClasses(root / "train", ids, /*each_has_some=*/true));
  SID_ASSIGN_OR_RETURN(index.validation, ListValidation(root, ids, labels));
  SID_ASSIGN_OR_RETURN(index.fingerprint, Fingerprint(root, index.train, index.validation));
  return index;
}

}  // namespace sid
