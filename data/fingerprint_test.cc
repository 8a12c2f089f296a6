#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <set>

#include "data/dataset.h"

namespace sid {
namespace {

Dataset Example() {
  Dataset dataset{"example", {"a", "b"}, {}, {}, {}, {}};
  dataset.train = {at::zeros({4, 1, 2, 2}, at::kByte), at::zeros({4}, at::kLong)};
  dataset.test = {at::zeros({2, 1, 2, 2}, at::kByte), at::zeros({2}, at::kLong)};
  return dataset;
}

TEST(Fingerprint, ChangesWithAPixelALabelAndTheParts) {
  std::set<std::string> seen = {Fingerprint(Example())};
  EXPECT_EQ(seen.count(Fingerprint(Example())), 1u);
  Dataset pixel = Example(), label = Example(), moved = Example();
  pixel.test.images[1][0][1][1] = 1;
  label.train.labels[2] = 1;
  moved.validation = {moved.train.images.slice(0, 3), moved.train.labels.slice(0, 3)};
  moved.train = {moved.train.images.slice(0, 0, 3), moved.train.labels.slice(0, 0, 3)};
  for (const Dataset& dataset : {pixel, label, moved}) EXPECT_TRUE(seen.insert(Fingerprint(dataset)).second);
}

}  // namespace
}  // namespace sid
