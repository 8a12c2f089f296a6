#include "data/loaders/mnist.h"

#include <ATen/ops/index_select.h>
#include <ATen/ops/randperm.h>

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/paths.h"
#include "base/random.h"
#include "base/status.h"
#include "data/formats/idx.h"
#include "data/loaders/source_folder.h"
#include "data/mnist_mini/embedded.h"
#include "third_party/logging/logging.h"

namespace sid {

namespace {

constexpr char kDataset[] = "mnist";
constexpr int64_t kMnistSide = 28;

const SourceLayout& Layout() {
  static const auto* const kLayout = new SourceLayout{
      kDataset,
      {"mnist", "MNIST", "raw"},
      {"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"},
      {{"mnist.npz", "Keras' version of MNIST: the four idx files are needed"},
       {"mnist.pkl.gz", "the Python version of MNIST: the four idx files are needed"},
       {"mnist_train.csv", "MNIST as text: the four idx files are needed"},
       {"training.pt", "PyTorch's own version of MNIST: the four idx files, in MNIST/raw, are needed"},
       {"processed", "PyTorch's own version of MNIST: the four idx files, in MNIST/raw, are needed"}}};
  return *kLayout;
}

// The path of a file as it is, or of its gzipped form; either may lie in a folder of its name, into which some programs unpack it.
absl::StatusOr<std::string> FindFile(const std::string& folder, const std::string& name, int depth = 0) {
  absl::StatusOr<std::vector<std::string>> names = ListFolder(folder);
  if (!names.ok()) return SourceError(kDataset, names.status());
  std::vector<std::string> folders;
  for (const std::string& found : NamesOfFile(*names, name)) {
    const std::string path = absl::StrCat(folder, "/", found);
    const absl::StatusOr<PathKind> kind = LookAt(path);
    if (!kind.ok()) return SourceError(kDataset, kind.status());
    if (*kind == PathKind::kFile) return path;
    if (*kind == PathKind::kFolder) folders.push_back(path);
  }
  for (const std::string& below : folders) {
    if (depth == 0) return FindFile(below, name, depth + 1);
  }
  return absl::NotFoundError(
      absl::StrCat(kDataset, ": there is no file ", folder, "/", name, ", nor ", name, ".gz; ", FetchHint(kDataset)));
}

absl::StatusOr<Examples> LoadPart(const std::string& folder, const std::string& part) {
  SID_ASSIGN_OR_RETURN(const std::string images_path, FindFile(folder, part + "-images-idx3-ubyte"));
  SID_ASSIGN_OR_RETURN(const std::string labels_path, FindFile(folder, part + "-labels-idx1-ubyte"));
  absl::StatusOr<std::string> images = ReadFile(images_path), labels = ReadFile(labels_path);
  if (!images.ok() || !labels.ok()) return SourceError(kDataset, images.ok() ? labels.status() : images.status());
  return ParseMnistPart(*std::move(images), absl::StrCat(kDataset, ": ", images_path), *std::move(labels),
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
  if (part.images.size(2) != kMnistSide || part.images.size(3) != kMnistSide) {
    return absl::DataLossError(absl::StrCat(images_name, ": has images of ", part.images.size(2), "x",
                                            part.images.size(3), " pixels, expected ", kMnistSide, "x", kMnistSide,
                                            "; is it another data set's?"));
  }
  if (part.images.size(0) != part.size()) {
    return absl::DataLossError(absl::StrCat(images_name, ": has ", part.images.size(0), " images, but ", labels_name,
                                            " has ", part.size(), " labels; they belong to different parts"));
  }
  return part;
}

absl::StatusOr<Dataset> LoadMnist(const std::string& data_dir) {
  SID_ASSIGN_OR_RETURN(const std::string folder, FindSourceFolder(Layout(), data_dir));
  Dataset dataset;
  dataset.name = kDataset;
  dataset.class_names = MnistClassNames();
  SID_ASSIGN_OR_RETURN(dataset.train, LoadPart(folder, "train"));
  SID_ASSIGN_OR_RETURN(dataset.test, LoadPart(folder, "t10k"));
  return dataset;
}

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
