#include "data/loaders/tiny_imagenet.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "data/formats/image_cache.h"
#include "data/formats/jpeg.h"
#include "data/loaders/source_folder.h"
#include "data/loaders/tiny_imagenet_index.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

constexpr int64_t kTinySide = 64;

absl::StatusOr<at::Tensor> DecodeAndKeep(const TinyImagenetIndex& index, int threads, const std::string& cache_path) {
  std::vector<std::string> paths = index.train.paths;
  paths.insert(paths.end(), index.validation.paths.begin(), index.validation.paths.end());
  const at::Tensor images = at::empty({static_cast<int64_t>(paths.size()), 3, kTinySide, kTinySide}, at::kByte);
  SID_RETURN_IF_ERROR(DecodeJpegFiles(paths, threads, images));
  if (const absl::Status written = WriteImageCache(cache_path, index.fingerprint, images); !written.ok()) {
    LOG(WARNING) << kTinyImagenet
                 << ": goes on without a cache, so the next start decodes the images again: " << written.message();
  }
  return images;
}

// All images [N,3,64,64], train before validation.
absl::StatusOr<at::Tensor> LoadImages(const TinyImagenetIndex& index, int threads, const std::string& cache_path) {
  const int64_t images = index.train.size() + index.validation.size();
  absl::StatusOr<at::Tensor> cached = ReadImageCache(cache_path, index.fingerprint, {images, 3, kTinySide, kTinySide});
  if (cached.ok()) return cached;
  LOG(INFO) << kTinyImagenet << ": decodes " << images << " images: " << cached.status().message();
  return DecodeAndKeep(index, threads, cache_path);
}

}  // namespace

absl::StatusOr<Dataset> LoadTinyImagenet(const std::string& data_dir, int threads) {
  SID_ASSIGN_OR_RETURN(
      const std::string folder,
      FindSourceFolder({kTinyImagenet,
                        {"tiny-imagenet-200", "tiny-imagenet"},
                        {"wnids.txt", "train", "val"},
                        {{"tiny-imagenet-200.zip", "the archive, which is not unpacked: `unzip` does that"}}},
                       data_dir));
  SID_ASSIGN_OR_RETURN(TinyImagenetIndex index, ReadTinyImagenetIndex(folder));
  SID_ASSIGN_OR_RETURN(const at::Tensor images,
                       LoadImages(index, threads, absl::StrCat(folder, "/", kTinyImagenetCacheName)));
  Dataset dataset;
  dataset.name = kTinyImagenet;
  dataset.class_names = std::move(index.class_names);
  dataset.train = {images.slice(0, 0, index.train.size()), at::tensor(index.train.labels, at::kLong)};
  dataset.test = {images.slice(0, index.train.size()), at::tensor(index.validation.labels, at::kLong)};
  return dataset;
}

}  // namespace sid
