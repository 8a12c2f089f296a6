#include "data/loaders/registry.h"

#include <ATen/ops/bincount.h>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "base/text.h"
#include "data/loaders/cifar.h"
#include "data/loaders/mnist.h"
#include "data/loaders/source_folder.h"
#include "data/loaders/tiny_imagenet.h"
#include "data/synthetic.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

struct Entry {
  const char* name;
  const char* augmentation;
  bool needs_folder;
  absl::StatusOr<Dataset> (*load)(const DatasetRequest& request);
};

absl::StatusOr<Dataset> LoadSynthetic(const DatasetRequest& request) {
  SyntheticConfig config;
  config.seed = request.seed;
  return MakeSynthetic(config);
}

constexpr Entry kEntries[] = {
    {"mnist-mini", "crop", false, [](const DatasetRequest&) -> absl::StatusOr<Dataset> { return LoadMnistMini(); }},
    {"mnist", "crop", true, [](const DatasetRequest& request) { return LoadMnist(request.data_dir); }},
    {"cifar10", "crop-flip", true, [](const DatasetRequest& request) { return LoadCifar10(request.data_dir); }},
    {"cifar100", "crop-flip", true, [](const DatasetRequest& request) { return LoadCifar100(request.data_dir); }},
    {"tiny-imagenet", "crop-flip", true,
     [](const DatasetRequest& request) { return LoadTinyImagenet(request.data_dir, request.threads); }},
    {"synthetic", "none", false, LoadSynthetic},
};

const Entry* FindEntry(const std::string& name) {
  for (const Entry& entry : kEntries) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

void WarnOfEmptyClasses(const Dataset& dataset) {
  const at::Tensor counts = at::bincount(dataset.train.labels, {}, dataset.classes());
  std::vector<std::string> empty;
  for (int64_t label = 0; label < dataset.classes(); ++label) {
    if (counts[label].item<int64_t>() == 0) empty.push_back(dataset.class_names[label]);
  }
  if (!empty.empty())
    LOG(WARNING) << dataset.name << " has no training image of " << empty.size() << " of its " << dataset.classes()
                 << " classes (" << OneLine(empty[0]) << (empty.size() > 1 ? ", ...)" : ")");
}

}  // namespace

std::vector<std::string> DatasetNames() {
  std::vector<std::string> names;
  for (const Entry& entry : kEntries) names.emplace_back(entry.name);
  return names;
}

absl::StatusOr<Dataset> LoadDataset(const DatasetRequest& request) {
  const Entry* const entry = FindEntry(request.name);
  if (entry == nullptr) return UnknownName("data set", request.name, DatasetNames());
  if (entry->needs_folder && request.data_dir.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "data set ", request.name, " needs the folder of its files: --data_dir=DIR; ", FetchHint(request.name)));
  }
  SID_ASSIGN_OR_RETURN(Dataset dataset, entry->load(request));
  SID_RETURN_IF_ERROR(Validate(dataset));
  WarnOfEmptyClasses(dataset);
  dataset.statistics = ComputeStatistics(dataset.train.images);
  return dataset;
}

std::string DefaultAugmentation(const std::string& name) {
  const Entry* const entry = FindEntry(name);
  CHECK(entry != nullptr) << name << " is no data set";
  return entry->augmentation;
}

}  // namespace sid
