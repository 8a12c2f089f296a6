#include "data/loaders/mnist_mini.h"

#include <ATen/ops/index_select.h>
#include <ATen/ops/randperm.h>

#include <string>

#include "base/random.h"
#include "data/loaders/mnist.h"
#include "data/mnist_mini/embedded.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

constexpr uint64_t kSplitSeed = 1;  // never to change: results on this set are compared across versions
constexpr int64_t kTrainExamples = 8500;

Examples Select(const Examples& examples, const at::Tensor& indices) {
  return {examples.images.index_select(0, indices), examples.labels.index_select(0, indices)};
}

}  // namespace

Dataset LoadMnistMini() {
  absl::StatusOr<Examples> all = ParseMnistPart(std::string(EmbeddedMnistImages()), "embedded MNIST images",
                                                std::string(EmbeddedMnistLabels()), "embedded MNIST labels");
  CHECK(all.ok()) << all.status();  // they came with the binary
  const at::Tensor order =
      at::randperm(all->size(), MakeGenerator(kSplitSeed, RandomUse::kMnistMini), at::TensorOptions(at::kLong));
  Dataset dataset;
  dataset.name = "mnist-mini";
  dataset.class_names = MnistClassNames();
  dataset.train = Select(*all, order.slice(0, 0, kTrainExamples));
  dataset.test = Select(*all, order.slice(0, kTrainExamples));
  return dataset;
}

}  // namespace sid
