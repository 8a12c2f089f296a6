#include "data/loaders/mnist.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status.h"
#include "data/formats/idx.h"
#include "data/loaders/source_folder.h"

namespace sid {
namespace {

constexpr char kDataset[] = "mnist";
constexpr int64_t kSide = 28;

const std::vector<std::string>& FileNames() {
  static const auto* const names = new std::vector<std::string>{
      "train-images-idx3-ubyte", "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte", "train-labels-idx1-ubyte.gz",
      "t10k-images-idx3-ubyte",  "t10k-images-idx3-ubyte.gz",  "t10k-labels-idx1-ubyte",  "t10k-labels-idx1-ubyte.gz"};
  return *names;
}

// The path of a file as it is, or of its gzipped form.
absl::StatusOr<std::string> FindFile(const std::string& folder, const std::string& name) {
  const std::string path = absl::StrCat(folder, "/", name);
  for (const char* ending : {"", ".gz"}) {
    std::error_code ignored;
    if (std::filesystem::is_regular_file(path + ending, ignored)) return path + ending;
  }
  return absl::NotFoundError(
      absl::StrCat(kDataset, ": there is no file ", path, ", nor ", path, ".gz; ", FetchHint(kDataset)));
}

absl::StatusOr<Examples> LoadPart(const std::string& folder, const std::string& part) {
  SID_ASSIGN_OR_RETURN(const std::string images_path, FindFile(folder, part + "-images-idx3-ubyte"));
  SID_ASSIGN_OR_RETURN(const std::string labels_path, FindFile(folder, part + "-labels-idx1-ubyte"));
  SID_ASSIGN_OR_RETURN(std::string images, ReadFile(images_path));
  SID_ASSIGN_OR_RETURN(std::string labels, ReadFile(labels_path));
  return ParseMnistPart(std::move(images), absl::StrCat(kDataset, ": ", images_path), std::move(labels),
                        absl::StrCat(kDataset, ": ", labels_path));
}

}  // namespace

std::vector<std::string> MnistClassNames() { return {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}; }

absl::StatusOr<Examples> ParseMnistPart(std::string images, const std::string& images_name, std::string labels,
                                        const std::string& labels_name) {
  Examples part;
  SID_ASSIGN_OR_RETURN(part.images, ParseIdxImages(std::move(images), images_name));
  SID_ASSIGN_OR_RETURN(part.labels,
                       ParseIdxLabels(std::move(labels), labels_name, static_cast<int64_t>(MnistClassNames().size())));
  if (part.images.size(2) != kSide || part.images.size(3) != kSide) {
    return absl::DataLossError(absl::StrCat(images_name, ": has images of ", part.images.size(2), "x",
                                            part.images.size(3), " pixels, expected ", kSide, "x", kSide,
                                            "; is it another data set's?"));
  }
  if (part.images.size(0) != part.size()) {
    return absl::DataLossError(absl::StrCat(images_name, ": has ", part.images.size(0), " images, but ", labels_name,
                                            " has ", part.size(), " labels; they belong to different parts"));
  }
  return part;
}

absl::StatusOr<Dataset> LoadMnist(const std::string& data_dir) {
  SID_ASSIGN_OR_RETURN(const std::string folder, FindSourceFolder(kDataset, data_dir, kDataset, FileNames()));
  Dataset dataset;
  dataset.name = kDataset;
  dataset.class_names = MnistClassNames();
  SID_ASSIGN_OR_RETURN(dataset.train, LoadPart(folder, "train"));
  SID_ASSIGN_OR_RETURN(dataset.test, LoadPart(folder, "t10k"));
  return dataset;
}

}  // namespace sid
