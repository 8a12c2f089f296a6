#pragma once

// Where the files of a data set lie, and the errors for those that do not: each says which file, and how to get it.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace sid {

// "`./tools/bazel run //data:fetch -- --dataset=cifar10 --out=DIR` downloads it"
std::string FetchHint(const std::string& dataset);

// How people keep a set.
struct SourceLayout {
  std::string dataset;
  std::vector<std::string>
      folders;                     // names of the folders that hold it, perhaps in one another; the official one first
  std::vector<std::string> files;  // by which its folder is known
  // What is not read though it is this set, and what it is: {"cifar-10-batches-py", "the Python version of CIFAR-10"}.
  std::vector<std::pair<std::string, std::string>> others = {};
};

// The folder of a set's files: `data_dir`, or one below it by the layout's names, whichever has most of them. So a user may name the
// folder of one set or the one that holds all sets. NotFound names what was looked for, and where, and what is there instead.
absl::StatusOr<std::string> FindSourceFolder(const SourceLayout& layout, const std::string& data_dir);

// Of the names in a folder those that are `file` to whoever copied it: dots, lines and the case of letters are changed on the way, and
// .gz is added. An exact one first.
std::vector<std::string> NamesOfFile(const std::vector<std::string>& names, const std::string& file);

// That the file exists and has exactly `expected` bytes; NotFound or DataLoss (truncated, overlong) gives both sizes.
absl::Status CheckFileSize(const std::string& dataset, const std::string& path, int64_t expected);

// The lines of a text file (base/text.h). NotFound names the file.
absl::StatusOr<std::vector<std::string>> ReadLines(const std::string& dataset, const std::string& path);

// A file's or folder's error as that of a data set: how to get it stands behind what is missing, and behind nothing else.
absl::Status SourceError(const std::string& dataset, const absl::Status& status);

}  // namespace sid
