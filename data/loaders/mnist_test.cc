#include "data/loaders/mnist.h"

#include <ATen/TensorOperators.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/substitute.h"
#include "data/formats/gzip_for_tests.h"
#include "data/loaders/files_for_tests.h"

namespace sid {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// Images of `side` x `side` pixels; image i is of gray level i.
std::string Images(int count, int side = 28) {
  const char sizes = static_cast<char>(side);
  std::string bytes{0, 0, 8, 3, 0, 0, 0, static_cast<char>(count), 0, 0, 0, sizes, 0, 0, 0, sizes};
  for (int i = 0; i < count; ++i) bytes.append(size_t(side) * side, static_cast<char>(i));
  return bytes;
}

// Label i is i modulo 10.
std::string Labels(int count) {
  std::string bytes{0, 0, 8, 1, 0, 0, 0, static_cast<char>(count)};
  for (int i = 0; i < count; ++i) bytes.push_back(static_cast<char>(i % 10));
  return bytes;
}

void WriteMnist(const std::string& folder) {
  WriteTestFile(folder + "/train-images-idx3-ubyte", Images(30));
  WriteTestFile(folder + "/train-labels-idx1-ubyte.gz", Gzip(Labels(30)));
  WriteTestFile(folder + "/t10k-images-idx3-ubyte.gz", Gzip(Images(12)));
  WriteTestFile(folder + "/t10k-labels-idx1-ubyte", Labels(12));
}

std::string Error(const std::string& folder) { return std::string(LoadMnist(folder).status().message()); }

TEST(Mnist, ReadsFilesGzippedOrNotFromTheFolderOrBelow) {
  const std::string folder = NewFolder();
  WriteMnist(folder + "/mnist");
  for (const std::string& data_dir : {folder, folder + "/mnist"}) {
    const Dataset dataset = LoadMnist(data_dir).value();
    EXPECT_EQ(dataset.name, "mnist");
    EXPECT_EQ(dataset.classes(), 10);
    EXPECT_EQ(dataset.train.images.sizes(), at::IntArrayRef({30, 1, 28, 28}));
    EXPECT_EQ(dataset.test.images.sizes(), at::IntArrayRef({12, 1, 28, 28}));
    EXPECT_EQ(dataset.train.images[29][0][27][27].item<int>(), 29);
    EXPECT_EQ(dataset.train.labels[17].item<int>(), 7);
    EXPECT_EQ(dataset.test.images[11].to(at::kInt).sum().item<int>(), 11 * 784);
    EXPECT_EQ(dataset.test.labels[11].item<int>(), 1);
  }
}

TEST(Mnist, ReadsTheLayoutsInWhichPeopleKeepIt) {
  const std::string folder = NewFolder();
  const auto write = [&](const char* images, const char* labels) {
    for (const auto& [part, count] : {std::pair("train", 30), std::pair("t10k", 12)}) {
      WriteTestFile(absl::StrCat(folder, "/", absl::Substitute(images, part)), Images(count));
      WriteTestFile(absl::StrCat(folder, "/", absl::Substitute(labels, part)), Gzip(Labels(count)));
    }
    const absl::StatusOr<Dataset> dataset = LoadMnist(folder);
    ASSERT_TRUE(dataset.ok()) << dataset.status();
    EXPECT_EQ(dataset->train.size(), 30);
    EXPECT_EQ(dataset->test.labels[11].item<int>(), 1);
    std::filesystem::remove_all(folder);
  };
  write("$0-images.idx3-ubyte", "$0-labels.idx1-ubyte");                          // 7-Zip
  write("$0-images-idx3-ubyte/$0-images-idx3-ubyte", "$0-labels.idx1-ubyte.gz");  // unpacked each into its own folder
  write("MNIST/raw/$0-images-idx3-ubyte", "MNIST/raw/$0-labels-idx1-ubyte.gz");   // torchvision
  write("$0_IMAGES_IDX3_UBYTE", "$0-labels-idx1-ubyte.GZ");
  std::filesystem::create_directories(folder + "/mnist");
  WriteTestFile(folder + "/._train-images-idx3-ubyte", "macOS");
  write("$0-images-idx3-ubyte", "$0-labels-idx1-ubyte");
}

TEST(Mnist, OtherVersionsAreNamed) {
  const std::string folder = NewFolder();
  WriteTestFile(folder + "/mnist.npz", "PK");
  EXPECT_THAT(Error(folder), HasSubstr("mnist.npz is Keras' version of MNIST: the four idx files are needed"));
}

TEST(Mnist, MissingFilesAreNamed) {
  const std::string folder = NewFolder();
  EXPECT_THAT(Error(folder), HasSubstr(folder + " holds neither a folder mnist nor that folder's files"));
  WriteMnist(folder);
  std::filesystem::remove(folder + "/t10k-images-idx3-ubyte.gz");
  EXPECT_THAT(Error(folder), AllOf(HasSubstr("there is no file " + folder + "/t10k-images-idx3-ubyte, nor"),
                                   HasSubstr("--dataset=mnist --out=DIR")));
}

TEST(Mnist, DamagedFilesAreNamed) {
  const std::string folder = NewFolder();
  WriteMnist(folder);
  WriteTestFile(folder + "/train-images-idx3-ubyte", Images(30).substr(0, 1000));
  EXPECT_THAT(Error(folder), AllOf(HasSubstr(folder + "/train-images-idx3-ubyte: is truncated"),
                                   HasSubstr("23536 bytes"), HasSubstr("found 1000")));
  WriteTestFile(folder + "/train-images-idx3-ubyte", Labels(30));
  EXPECT_THAT(Error(folder), HasSubstr("train-images-idx3-ubyte: has magic number 2049, expected 2051"));
  WriteMnist(folder);
  std::string labels = Labels(30);
  labels[8 + 21] = 10;
  WriteTestFile(folder + "/train-labels-idx1-ubyte.gz", Gzip(labels));
  EXPECT_THAT(Error(folder), HasSubstr("train-labels-idx1-ubyte.gz: example 21 has label 10"));
}

TEST(Mnist, ImagesAndLabelsMustBelongTogether) {
  const std::string folder = NewFolder();
  WriteMnist(folder);
  WriteTestFile(folder + "/train-images-idx3-ubyte", Images(29));
  EXPECT_THAT(Error(folder), AllOf(HasSubstr("has 29 images, but"), HasSubstr("has 30 labels")));
  WriteTestFile(folder + "/train-images-idx3-ubyte", Images(30, 32));
  EXPECT_THAT(Error(folder), HasSubstr("images of 32x32 pixels, expected 28x28"));
}

}  // namespace
}  // namespace sid
