#pragma once

// MNIST in its four idx files, each as it is or gzipped (.gz):
//
//   train-images-idx3-ubyte, train-labels-idx1-ubyte    t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte
//
// Copies of them are called train-images.idx3-ubyte, lie each in a folder of its own name, or all in PyTorch's MNIST/raw.

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "data/dataset.h"

namespace sid {

// Images [60000,1,28,28] to train, [10000,1,28,28] to test (the files' headers say how many). `data_dir` holds the
// files or a folder mnist, MNIST or raw with them. NotFound names a missing file; DataLoss names a damaged one and what is wrong with
// it. The statistics are left to the caller.
absl::StatusOr<Dataset> LoadMnist(const std::string& data_dir);

// "0" to "9".
std::vector<std::string> MnistClassNames();

// Images and labels out of the bytes of the two idx files of a part; the names stand for them in errors.
absl::StatusOr<Examples> ParseMnistPart(std::string images, const std::string& images_name, std::string labels,
                                        const std::string& labels_name);

// The default data set, which every binary carries in itself: the 10,000 official test images of MNIST, of which 8,500
// serve to train and 1,500 to test. Which ones is part of the set's definition, so no seed of a run changes it.

// Images [8500,1,28,28] to train and [1500,1,28,28] to test. The statistics are left to the caller.
Dataset LoadMnistMini();

}  // namespace sid
