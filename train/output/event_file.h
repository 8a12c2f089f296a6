#pragma once

// TensorBoard's event files: scalars over steps, which `tensorboard --logdir=DIR` draws.
//
//   file:    records of   length uint64 | masked CRC-32C of it uint32 | bytes | masked CRC-32C of them uint32     (TFRecord)
//   bytes:   Event { double wall_time = 1; int64 step = 2; string file_version = 3; Summary summary = 5 }         (protobuf)
//   Summary: repeated Value value = 1;      Value: string tag = 1; float simple_value = 2
//
// Numbers are little-endian. The first record holds the version only.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace sid {

struct Scalar {
  std::string tag;  // "divergence/0003": what stands before the first / groups the charts
  double value = 0;
};

class EventFile {
 public:
  // At `path`, whose name must contain "tfevents" for TensorBoard to see it; goes on where there are events already. Times are in
  // seconds since 1970.
  static absl::StatusOr<EventFile> Open(const std::string& path, double wall_time);

  // Appends and syncs one event.
  absl::Status Add(int64_t step, double wall_time, const std::vector<Scalar>& scalars);

 private:
  explicit EventFile(const std::string& path) : path_(path) {}
  absl::Status Write(std::string_view event);

  std::string path_;
};

// CRC-32C (Castagnoli), of which TFRecord stores ((crc >> 15) | (crc << 17)) + 0xa282ead8.
uint32_t Crc32c(std::string_view bytes);

}  // namespace sid
