#include "data/changes/subset.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/eq.h>
#include <ATen/ops/nonzero.h>
#include <ATen/ops/randperm.h>

#include <cmath>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/random.h"

namespace sid {

absl::StatusOr<Dataset> KeepTrainingImages(Dataset dataset, int64_t count, uint64_t seed) {
  const int64_t all = dataset.train.size();
  if (count < 0 || count > all) {
    return absl::InvalidArgumentError(absl::StrCat("train_images ", count, " is not in [0, ", all, "]: ", dataset.name,
                                                   " has ", all, " training images, and 0 takes them all"));
  }
  if (count == 0 || count == all) return dataset;
  std::vector<at::Tensor> kept;
  for (int64_t label = 0; label < dataset.classes(); ++label) {
    const at::Tensor members = at::nonzero(dataset.train.labels.eq(label)).view(-1);
    const double share = static_cast<double>(count) / static_cast<double>(all);
    const int64_t keep = std::llround(share * static_cast<double>(members.size(0)));
    if (keep == 0 && members.size(0) > 0) {
      // From a share of half an example on one is kept.
      const int64_t least = (all + 2 * members.size(0) - 1) / (2 * members.size(0));
      return absl::InvalidArgumentError(absl::StrCat("train_images ", count, " leaves class '",
                                                     dataset.class_names[label], "' of ", dataset.name,
                                                     " without an example; take ", least, " or more"));
    }
    const at::Generator generator = MakeGenerator(seed, RandomUse::kSubset, {static_cast<uint64_t>(label)});
    kept.push_back(members.index_select(0, at::randperm(members.size(0), generator, at::kLong).slice(0, 0, keep)));
  }
  const at::Tensor in_order = std::get<0>(at::cat(kept).sort());
  dataset.train = {dataset.train.images.index_select(0, in_order), dataset.train.labels.index_select(0, in_order)};
  dataset.statistics = ComputeStatistics(dataset.train.images);
  return dataset;
}

}  // namespace sid
