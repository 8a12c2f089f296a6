#pragma once

// What can be downloaded: where the official archives are, and how to know that they arrived whole.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/checksum.h"

namespace sid {

struct RemoteFile {
  std::string url;
  int64_t bytes;
  Checksum checksum;

  std::string name() const { return url.substr(url.rfind('/') + 1); }
};

struct ExpectedFile {
  std::string path;  // within the data set's folder
  int64_t bytes;     // kAnySize where the publisher's size is not known
};
inline constexpr int64_t kAnySize = -1;

struct OfficialDataset {
  std::string name;                   // as --dataset names it
  std::string folder;                 // what --data_dir is in the end, below --out
  std::vector<RemoteFile> downloads;  // an archive that holds `folder`, or files that go into it as they are
  bool is_archive;
  std::vector<ExpectedFile> files;  // of an archive: what must be there after unpacking
};

// All of them: cifar10, cifar100, tiny-imagenet, mnist.
const std::vector<OfficialDataset>& Catalogue();

// InvalidArgument, with the nearest name, when there is none of that name.
absl::StatusOr<OfficialDataset> FindOfficialDataset(const std::string& name);

}  // namespace sid
