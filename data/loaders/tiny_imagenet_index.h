#pragma once

// What lies in a folder of Tiny-ImageNet-200, read without opening an image:
//
//   tiny-imagenet-200/  wnids.txt                                  a class a line: its WordNet id; the order of classes
//                       words.txt                                  id <tab> name
//                       train/<id>/images/*.JPEG
//                       val/images/*.JPEG, val/val_annotations.txt   file <tab> id <tab> a box
//
// The images of a class may lie in train/<id> itself, and those to validate may be sorted into val/<id>, as PyTorch's users do. Names that
// begin with a dot are no data. What lies there may be the owner's links to elsewhere; names in the texts lead nowhere else.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace sid {

// The set's name, in messages.
inline constexpr char kTinyImagenet[] = "tiny-imagenet";

// The images of one part; they lie below the folder.
struct ImageList {
  std::vector<std::string> paths;
  std::vector<int64_t> labels;  // in [0, C), one for each path

  int64_t size() const { return static_cast<int64_t>(paths.size()); }
};

struct TinyImagenetIndex {
  std::vector<std::string> class_names;  // C of them
  ImageList train;                       // class by class, by file name
  ImageList validation;                  // in the order of val_annotations.txt, or as `train`

  // A hash of every image's path in the folder, size and time of change, in order.
  uint64_t fingerprint = 0;
};

// NotFound for a missing file or folder, DataLoss for texts and images that do not belong together, InvalidArgument for
// a name in a text that leads out of the folder; each with its path.
absl::StatusOr<TinyImagenetIndex> ReadTinyImagenetIndex(const std::string& folder);

}  // namespace sid
