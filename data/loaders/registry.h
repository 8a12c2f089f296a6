#pragma once

// Every data set by the name that --dataset takes.
//
//   name --> loader --> Validate --> statistics of the training part --> Dataset

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "data/dataset.h"

namespace sid {

struct DatasetRequest {
  std::string name = "mnist-mini";
  std::string data_dir;  // the folder of the set's files, or the one that holds it; mnist-mini and synthetic need none
  uint64_t seed = 1;     // of synthetic only
  int threads = 0;       // to decode JPEGs; 0: all cores
};

// In the order in which help lists them.
std::vector<std::string> DatasetNames();

// InvalidArgument for an unknown name (with the nearest one) or a missing data_dir; otherwise the loader's error.
absl::StatusOr<Dataset> LoadDataset(const DatasetRequest& request);

// What a set is augmented with unless told otherwise: "none", "crop" or "crop-flip". A digit's mirror image is no
// digit, and synthetic's classes are patterns at a fixed place. `name` is one of DatasetNames().
std::string DefaultAugmentation(const std::string& name);

}  // namespace sid
