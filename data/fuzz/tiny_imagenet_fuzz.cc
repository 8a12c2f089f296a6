// Tiny-ImageNet's label files: wnids.txt, words.txt and val_annotations.txt, parts of the input, over a folder of three images.
// No image may lie outside of it, whatever they say.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/fuzzing/input.h"
#include "data/loaders/tiny_imagenet_index.h"
#include "third_party/logging/logging.h"

namespace {

namespace fs = std::filesystem;

const std::string& Folder() {
  static const auto* const kFolder = [] {
    const fs::path root = fs::path(sid::FuzzFolder()) / "tiny-imagenet-200";
    for (const char* folder : {"train/a/images", "train/b/images", "val/images"}) fs::create_directories(root / folder);
    for (const char* image : {"train/a/images/1.JPEG", "train/b/images/2.JPEG", "val/images/3.JPEG"})
      sid::WriteFuzzFile(root / image, "");
    sid::WriteFuzzFile(root / "../outside.JPEG", "");
    return new std::string(fs::canonical(root));
  }();
  return *kFolder;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  for (const char* file : {"wnids.txt", "words.txt", "val/val_annotations.txt"})
    sid::WriteFuzzFile(Folder() + "/" + file, sid::TakePart(input));
  const auto index = sid::ReadTinyImagenetIndex(Folder());
  if (!index.ok()) return 0;
  for (const sid::ImageList* list : {&index->train, &index->validation}) {
    CHECK_EQ(list->paths.size(), list->labels.size());
    for (const std::string& path : list->paths) CHECK_EQ(fs::canonical(path).string().find(Folder() + "/"), 0U) << path;
    for (const int64_t label : list->labels) CHECK_LT(label, static_cast<int64_t>(index->class_names.size()));
  }
  return 0;
}
