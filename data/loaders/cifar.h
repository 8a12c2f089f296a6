#pragma once

// CIFAR-10 and CIFAR-100 in their binary versions: records of one or two label bytes and 3 x 32 x 32 pixels, plane by
// plane, which is the layout that our tensors have too.
//
//   cifar-10-batches-bin/  data_batch_{1..5}.bin, test_batch.bin   10,000 x [class, pixels]         batches.meta.txt
//   cifar-100-binary/      train.bin, test.bin     50,000 / 10,000 x [superclass, class, pixels] fine_label_names.txt

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "data/dataset.h"

namespace sid {

// Images [50000,3,32,32] to train and [10000,3,32,32] to test. `data_dir` is the folder above, or the one that holds
// it. A missing file is NotFound; DataLoss names a truncated or overlong one with both sizes, or the file and the
// example of a label out of range. The statistics are left to the caller.
absl::StatusOr<Dataset> LoadCifar10(const std::string& data_dir);
absl::StatusOr<Dataset> LoadCifar100(const std::string& data_dir);

inline constexpr int64_t kCifarPixelBytes = int64_t{3} * 32 * 32;

// Reads `examples` records of the file at `path`: label bytes, each below its limit, the last one the class, and pixels. DataLoss
// names `dataset`, the file and the example.
absl::Status ReadCifarRecords(const std::string& dataset, const std::string& path, const std::vector<int>& label_limits,
                              int64_t examples, uint8_t* images, int64_t* labels);

}  // namespace sid
