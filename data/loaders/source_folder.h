#pragma once

// Where the files of a data set lie, and the errors for those that do not: each says which file, and how to get it.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace sid {

// "`./tools/bazel run //data:fetch -- --dataset=cifar10 --out=DIR` downloads it"
std::string FetchHint(const std::string& dataset);

// The folder of a set's files: `data_dir`/`folder`, or `data_dir` itself where one of `files` lies in it. So a user may
// name the folder of one set or the one that holds all sets. NotFound names what was looked for, and where.
absl::StatusOr<std::string> FindSourceFolder(const std::string& dataset, const std::string& data_dir,
                                             const std::string& folder, const std::vector<std::string>& files);

// That the file exists and has exactly `expected` bytes; NotFound or DataLoss (truncated, overlong) gives both sizes.
absl::Status CheckFileSize(const std::string& dataset, const std::string& path, int64_t expected);

// The lines of a text file, of either line ending, without the empty ones. NotFound names the file.
absl::StatusOr<std::vector<std::string>> ReadLines(const std::string& dataset, const std::string& path);

}  // namespace sid
