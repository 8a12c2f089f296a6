#pragma once

// Tiny-ImageNet-200, from its folders of JPEGs (tiny_imagenet_index.h). They are decoded once, on all cores, and the
// pixels kept in a file of that folder:
//
//   folder --index--> paths, labels, fingerprint --> cache of that fingerprint? --yes--> images
//                                                              |no                         ^
//                                                              +--decode--> write cache ---+
//
// The cache is left aside, with a line in the log that says why, when an image was added, removed or changed or its own
// bytes are not what they were. A folder that cannot be written costs the decoding at every start, and a warning.

#include <string>

#include "absl/status/statusor.h"
#include "data/dataset.h"

namespace sid {

// Images [N,3,64,64]: train/ to train; val/, whose labels are public, to test. Officially 500 and 50 of each class.
// `data_dir` is that folder or the one that holds it as tiny-imagenet-200; 0 threads stand for all cores. Errors as in
// tiny_imagenet_index.h and jpeg.h, each with its path. The statistics are left to the caller.
absl::StatusOr<Dataset> LoadTinyImagenet(const std::string& data_dir, int threads);

// Of the cache, in the folder of the set.
inline constexpr char kTinyImagenetCacheName[] = ".sid-cache-v1.bin";

}  // namespace sid
