#include "data/loaders/cifar.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/bincount.h>
#include <ATen/ops/count_nonzero.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "absl/strings/str_cat.h"
#include "data/loaders/files_for_tests.h"

namespace sid {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr int64_t kRecord10 = 1 + 3072;
constexpr int64_t kRecord100 = 2 + 3072;

// Zeros, which take no room on the disk, and are records of class 0.
void WriteZeros(const std::string& path, int64_t size) {
  WriteTestFile(path, "");
  std::filesystem::resize_file(path, size);
}

void PutByte(const std::string& path, int64_t offset, int value) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(offset).put(static_cast<char>(value));
}

std::string Lines(const std::string& prefix, int count) {
  std::string lines;
  for (int i = 0; i < count; ++i) absl::StrAppend(&lines, prefix, i, "\n");
  return lines;
}

// A black CIFAR-10 in `folder`.
void WriteCifar10(const std::string& folder) {
  for (int i = 1; i <= 5; ++i) WriteZeros(absl::StrCat(folder, "/data_batch_", i, ".bin"), 10000 * kRecord10);
  WriteZeros(folder + "/test_batch.bin", 10000 * kRecord10);
  WriteTestFile(folder + "/batches.meta.txt", Lines("class", 10) + "\n");  // the official file ends with an empty line
}

void WriteCifar100(const std::string& folder) {
  WriteZeros(folder + "/train.bin", 50000 * kRecord100);
  WriteZeros(folder + "/test.bin", 10000 * kRecord100);
  WriteTestFile(folder + "/fine_label_names.txt", Lines("class", 100));
}

std::string Error(const absl::StatusOr<Dataset>& dataset) { return std::string(dataset.status().message()); }

TEST(Cifar, EveryByteGoesToItsPlace) {
  const std::string folder = NewFolder() + "/cifar-10-batches-bin";
  WriteCifar10(folder);
  PutByte(folder + "/data_batch_3.bin", 7 * kRecord10, 9);
  PutByte(folder + "/data_batch_3.bin", 7 * kRecord10 + 1, 11);              // red, first pixel
  PutByte(folder + "/data_batch_3.bin", 7 * kRecord10 + 1 + 1024 + 69, 22);  // green, row 2, column 5
  PutByte(folder + "/test_batch.bin", 10000 * kRecord10 - 1, 33);            // blue, last pixel of the last
  const Dataset dataset = LoadCifar10(folder).value();
  EXPECT_EQ(dataset.name, "cifar10");
  EXPECT_EQ(dataset.train.images.sizes(), at::IntArrayRef({50000, 3, 32, 32}));
  EXPECT_EQ(dataset.test.images.sizes(), at::IntArrayRef({10000, 3, 32, 32}));
  EXPECT_EQ(dataset.class_names.size(), 10u);
  EXPECT_EQ(dataset.class_names[9], "class9");
  EXPECT_EQ(dataset.train.labels[20007].item<int>(), 9);
  EXPECT_EQ(dataset.train.images[20007][0][0][0].item<int>(), 11);
  EXPECT_EQ(dataset.train.images[20007][1][2][5].item<int>(), 22);
  EXPECT_EQ(dataset.test.images[9999][2][31][31].item<int>(), 33);
  EXPECT_EQ(at::count_nonzero(dataset.train.labels).item<int>(), 1);
  EXPECT_EQ(at::count_nonzero(dataset.train.images).item<int>(), 2);
  EXPECT_EQ(at::count_nonzero(dataset.test.images).item<int>(), 1);
}

TEST(Cifar, TheSecondByteIsCifar100sClass) {
  const std::string folder = NewFolder();
  WriteCifar100(folder + "/cifar-100-binary");
  PutByte(folder + "/cifar-100-binary/train.bin", 3 * kRecord100, 19);
  PutByte(folder + "/cifar-100-binary/train.bin", 3 * kRecord100 + 1, 99);
  PutByte(folder + "/cifar-100-binary/train.bin", 3 * kRecord100 + 2, 200);
  const Dataset dataset = LoadCifar100(folder).value();
  EXPECT_EQ(dataset.name, "cifar100");
  EXPECT_EQ(dataset.classes(), 100);
  EXPECT_EQ(dataset.train.images.size(0), 50000);
  EXPECT_EQ(dataset.train.labels[3].item<int>(), 99);
  EXPECT_EQ(dataset.train.images[3][0][0][0].item<int>(), 200);
}

TEST(Cifar, AWrongFolderIsAnErrorThatSaysWhatToDo) {
  const std::string folder = NewFolder();
  EXPECT_THAT(Error(LoadCifar10(folder)),
              AllOf(HasSubstr(folder + " holds neither a folder cifar-10-batches-bin"),
                    HasSubstr("./tools/bazel run //data:fetch -- --dataset=cifar10 --out=DIR")));
  EXPECT_THAT(Error(LoadCifar100(folder + "/nothing")), HasSubstr("there is no folder " + folder + "/nothing"));
}

TEST(Cifar, OtherVersionsAreNamed) {
  const std::string folder = NewFolder();
  WriteTestFile(folder + "/cifar-10-batches-py/data_batch_1", "\x80\x02}q\x01");
  for (const char* data_dir : {"", "/cifar-10-batches-py"})
    EXPECT_THAT(Error(LoadCifar10(folder + data_dir)),
                HasSubstr("Python version of CIFAR-10: the binary version is needed; `./tools/bazel run //data:fetch"));
  WriteTestFile(folder + "/cifar-100-python/meta", "");
  EXPECT_THAT(Error(LoadCifar100(folder)), HasSubstr("/cifar-100-python is the Python version of CIFAR-100"));
  std::filesystem::remove_all(folder + "/cifar-10-batches-py");
  WriteTestFile(folder + "/cifar-10-binary.tar.gz", "");
  EXPECT_THAT(Error(LoadCifar10(folder)), HasSubstr("cifar-10-binary.tar.gz is the archive, which is not unpacked"));
}

TEST(Cifar, MissingTruncatedAndOverlongFilesAreNamed) {
  const std::string folder = NewFolder();
  WriteCifar10(folder);
  WriteZeros(folder + "/data_batch_5.bin", 9999 * kRecord10);  // whole records, but too few
  EXPECT_THAT(Error(LoadCifar10(folder)),
              AllOf(HasSubstr("data_batch_5.bin is truncated"), HasSubstr("expected 30730000 bytes, found 30726927")));
  WriteZeros(folder + "/data_batch_5.bin", 10000 * kRecord10 + 1);
  EXPECT_THAT(Error(LoadCifar10(folder)), AllOf(HasSubstr("data_batch_5.bin is overlong"), HasSubstr("30730001")));
  std::filesystem::remove(folder + "/data_batch_5.bin");
  EXPECT_THAT(Error(LoadCifar10(folder)),
              AllOf(HasSubstr("cannot open " + folder + "/data_batch_5.bin"), HasSubstr("downloads it")));
  std::filesystem::create_directory(folder + "/data_batch_5.bin");
  EXPECT_THAT(Error(LoadCifar10(folder)), HasSubstr("cannot read " + folder + "/data_batch_5.bin"));
}

TEST(Cifar, ALabelOutOfRangeIsAnErrorWithFileAndExample) {
  const std::string folder = NewFolder();
  WriteCifar10(folder);
  PutByte(folder + "/data_batch_2.bin", 123 * kRecord10, 10);
  EXPECT_THAT(Error(LoadCifar10(folder)), HasSubstr("data_batch_2.bin: example 123 has label 10, but labels there go"));
}

TEST(Cifar, BothLabelsOfCifar100AreChecked) {
  const std::string folder = NewFolder();
  WriteCifar100(folder);
  PutByte(folder + "/test.bin", 5 * kRecord100 + 1, 100);
  EXPECT_THAT(Error(LoadCifar100(folder)), HasSubstr("test.bin: example 5 has label 100"));
  PutByte(folder + "/test.bin", 5 * kRecord100 + 1, 99);
  PutByte(folder + "/test.bin", 5 * kRecord100, 20);
  EXPECT_THAT(Error(LoadCifar100(folder)), HasSubstr("test.bin: example 5 has label 20"));
}

TEST(Cifar, ClassNamesMustBeThere) {
  const std::string folder = NewFolder();
  WriteCifar10(folder);
  WriteTestFile(folder + "/batches.meta.txt", Lines("class", 9));
  EXPECT_THAT(Error(LoadCifar10(folder)), HasSubstr("batches.meta.txt names 9 classes, expected 10"));
  std::filesystem::remove(folder + "/batches.meta.txt");
  EXPECT_THAT(Error(LoadCifar10(folder)), HasSubstr("cannot open " + folder + "/batches.meta.txt"));
}

// How many examples of every class there are, if they are equally many; -1 otherwise.
int64_t ExamplesPerClass(const Examples& part, int64_t classes) {
  const at::Tensor counts = at::bincount(part.labels, {}, classes);
  return counts.min().item<int64_t>() == counts.max().item<int64_t>() ? counts[0].item<int64_t>() : -1;
}

TEST(Cifar, Cifar10AsPublished) {
  if (RealDataFolder().empty()) GTEST_SKIP() << kNoRealData;
  const Dataset dataset = LoadCifar10(RealDataFolder()).value();
  EXPECT_EQ(dataset.class_names[0], "airplane");
  EXPECT_EQ(dataset.class_names[9], "truck");
  EXPECT_EQ(ExamplesPerClass(dataset.train, 10), 5000);
  EXPECT_EQ(ExamplesPerClass(dataset.test, 10), 1000);
  // As the literature gives them.
  const ChannelStatistics statistics = ComputeStatistics(dataset.train.images);
  const float means[] = {125.3f, 123.0f, 113.9f}, deviations[] = {63.0f, 62.1f, 66.7f};
  for (int channel = 0; channel < 3; ++channel) {
    EXPECT_NEAR(statistics.mean[channel], means[channel], 0.06);
    EXPECT_NEAR(statistics.standard_deviation[channel], deviations[channel], 0.06);
  }
}

TEST(Cifar, Cifar100AsPublished) {
  if (RealDataFolder().empty()) GTEST_SKIP() << kNoRealData;
  const Dataset dataset = LoadCifar100(RealDataFolder()).value();
  EXPECT_EQ(dataset.class_names[0], "apple");
  EXPECT_EQ(dataset.class_names[99], "worm");
  EXPECT_EQ(ExamplesPerClass(dataset.train, 100), 500);
  EXPECT_EQ(ExamplesPerClass(dataset.test, 100), 100);
  const ChannelStatistics statistics = ComputeStatistics(dataset.train.images);
  const float means[] = {129.3f, 124.1f, 112.4f};
  for (int channel = 0; channel < 3; ++channel) EXPECT_NEAR(statistics.mean[channel], means[channel], 0.06);
}

}  // namespace
}  // namespace sid
