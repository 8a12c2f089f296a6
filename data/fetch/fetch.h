#pragma once

// A data set from the network to a folder that a loader can read. Every name appears whole or not at all:
//
//   URL --> OUT/NAME.tar.gz.part --checksum--> OUT/NAME.tar.gz --> OUT/.FOLDER.part/ --> OUT/FOLDER
//                (resumed)     \--> OUT/NAME.tar.gz.bad-checksum     (thrown away, if interrupted)
//
// What is there and whole is left alone, so the same call again is cheap, and after an error goes on. Nothing of the
// user's is deleted: a file with a wrong checksum is renamed, and a folder that lacks files is an error.

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "data/fetch/catalogue.h"
#include "data/fetch/download.h"

namespace sid {

struct FetchOptions {
  std::string out;     // the folder, created where needed
  std::string mirror;  // a URL that replaces the part of each URL before the file's name, or ""
  std::function<void(const std::string&)> say;  // one line on what happens
  std::function<void(const RemoteFile&, int64_t bytes_here)> progress;
  DownloadOptions download;  // but for its progress
};

// The data set's folder: what --data_dir takes. Two calls at once for one `out` are an error of the second.
absl::StatusOr<std::string> Fetch(const OfficialDataset& dataset, const FetchOptions& options);

}  // namespace sid
