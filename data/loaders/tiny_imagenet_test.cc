#include "data/loaders/tiny_imagenet.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/bincount.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "data/formats/image_cache.h"
#include "data/formats/jpeg_for_tests.h"
#include "data/loaders/files_for_tests.h"
#include "data/loaders/tiny_imagenet_index.h"

namespace sid {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

// Three classes of four images to train and one to validate. Every image has one color, and tells its class and number.
class TinyImagenetTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string ids, words, annotations;
    for (int label = 0; label < 3; ++label) {
      const std::string id = absl::StrCat("n0", label);
      absl::StrAppend(&ids, id, "\n");
      absl::StrAppend(&words, id, "\tname ", label, "\n");
      for (int i = 0; i < 4; ++i) WriteTestFile(TrainPath(label, i), Color(label, i));
      WriteTestFile(absl::StrCat(folder_, "/val/images/val_", label, ".JPEG"), Color(label, 9));
      absl::StrAppend(&annotations, "val_", label, ".JPEG\t", id, "\t0\t0\t9\t9\n");
    }
    WriteTestFile(folder_ + "/wnids.txt", ids);
    WriteTestFile(folder_ + "/words.txt", words);
    WriteTestFile(folder_ + "/val/val_annotations.txt", annotations);
  }

  std::string TrainPath(int label, int i) const {
    return absl::StrCat(folder_, "/train/n0", label, "/images/n0", label, "_", i, ".JPEG");
  }

  static std::string Color(int label, int i) {
    return EncodeJpeg(static_cast<uint8_t>(20 * i), static_cast<uint8_t>(50 * label), 77);
  }

  absl::StatusOr<Dataset> Load() const { return LoadTinyImagenet(data_dir_, 2); }

  // The red of the first image to train: 0 as written.
  int FirstRed() const { return Load().value().train.images[0][0][0][0].item<int>(); }

  // Makes that red 200 in the cache, which stays valid: so one sees whether it is used.
  void MarkCache() const {
    const uint64_t fingerprint = ReadTinyImagenetIndex(folder_).value().fingerprint;
    const at::Tensor cached = ReadImageCache(cache_, fingerprint, {15, 3, 64, 64}).value();
    cached[0].fill_(200);
    ASSERT_TRUE(WriteImageCache(cache_, fingerprint, cached).ok());
    ASSERT_EQ(FirstRed(), 200);
  }

  const std::string data_dir_ = NewFolder();
  const std::string folder_ = data_dir_ + "/tiny-imagenet-200";
  const std::string cache_ = folder_ + "/" + kTinyImagenetCacheName;
};

TEST_F(TinyImagenetTest, EveryImageHasItsLabelDecodedOrFromTheCache) {
  for (const bool from_cache : {false, true}) {
    EXPECT_EQ(fs::exists(cache_), from_cache);
    const Dataset dataset = Load().value();
    EXPECT_EQ(dataset.name, "tiny-imagenet");
    EXPECT_EQ(dataset.class_names, (std::vector<std::string>{"name 0", "name 1", "name 2"}));
    EXPECT_EQ(dataset.train.images.sizes(), at::IntArrayRef({12, 3, 64, 64}));
    EXPECT_EQ(dataset.test.images.sizes(), at::IntArrayRef({3, 3, 64, 64}));
    for (int i = 0; i < 12; ++i) {
      const int label = i / 4;
      EXPECT_EQ(dataset.train.labels[i].item<int>(), label);
      EXPECT_NEAR(dataset.train.images[i][0][10][20].item<int>(), 20 * (i % 4), 2);
      EXPECT_NEAR(dataset.train.images[i][1][10][20].item<int>(), 50 * label, 2);
    }
    for (int label = 0; label < 3; ++label) {
      EXPECT_EQ(dataset.test.labels[label].item<int>(), label);
      EXPECT_NEAR(dataset.test.images[label][0][63][63].item<int>(), 180, 2);
      EXPECT_NEAR(dataset.test.images[label][1][63][63].item<int>(), 50 * label, 2);
    }
  }
}

TEST_F(TinyImagenetTest, TheFolderItselfMayBeNamed) { EXPECT_TRUE(LoadTinyImagenet(folder_, 1).ok()); }

TEST_F(TinyImagenetTest, AChangedImageIsDecodedAgain) {
  ASSERT_TRUE(Load().ok());
  MarkCache();
  WriteTestFile(TrainPath(0, 1), Color(0, 6));
  const Dataset dataset = Load().value();
  EXPECT_NEAR(dataset.train.images[0][0][0][0].item<int>(), 0, 2);
  EXPECT_NEAR(dataset.train.images[1][0][0][0].item<int>(), 120, 2);
  MarkCache();  // it has been made anew, of the changed source
}

TEST_F(TinyImagenetTest, ADamagedCacheIsMadeAnew) {
  ASSERT_TRUE(Load().ok());
  const std::string good = ReadFile(cache_).value();
  std::string flipped = good;
  flipped[5000] ^= 1;
  for (const std::string& bad : {flipped, good.substr(0, good.size() - 1), good + "x", std::string()}) {
    MarkCache();
    WriteTestFile(cache_, bad);
    EXPECT_NEAR(FirstRed(), 0, 2);
    EXPECT_EQ(ReadFile(cache_).value(), good);
  }
}

// A folder in the cache's place cannot be overwritten, even by root.
TEST_F(TinyImagenetTest, GoesOnWithoutACacheThatCannotBeWritten) {
  fs::create_directories(cache_ + "/in the way");
  testing::internal::CaptureStderr();
  EXPECT_NEAR(FirstRed(), 0, 2);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), AllOf(HasSubstr("goes on without a cache"), HasSubstr(cache_)));
}

TEST_F(TinyImagenetTest, ABadJpegIsAnErrorWithItsPathAndLeavesNoCache) {
  const std::string whole = Color(2, 3);
  WriteTestFile(TrainPath(2, 3), whole.substr(0, whole.size() - 40));
  EXPECT_THAT(std::string(Load().status().message()),
              AllOf(HasSubstr(TrainPath(2, 3)), HasSubstr("does not decode as a JPEG")));
  WriteTestFile(TrainPath(2, 3), EncodeJpeg(1, 2, 3, /*side=*/32));
  EXPECT_THAT(std::string(Load().status().message()), AllOf(HasSubstr(TrainPath(2, 3)), HasSubstr("32x32")));
  EXPECT_FALSE(fs::exists(cache_));
}

TEST_F(TinyImagenetTest, AMissingFolderIsAnErrorThatSaysWhatToDo) {
  fs::remove_all(folder_);
  EXPECT_THAT(std::string(Load().status().message()),
              AllOf(HasSubstr(data_dir_ + " holds neither a folder tiny-imagenet-200"), HasSubstr("//data:fetch")));
}

// From the cache, if an earlier run left one; Bazel's sandbox lets a test write none there.
TEST(TinyImagenet, AsPublishedOrAPartOfIt) {
  if (RealDataFolder().empty()) GTEST_SKIP() << kNoRealData;
  const Dataset dataset = LoadTinyImagenet(RealDataFolder(), 0).value();
  EXPECT_EQ(dataset.classes(), 200);
  EXPECT_EQ(dataset.class_names[0].substr(0, 12), "Egyptian cat");
  for (const Examples* part : {&dataset.train, &dataset.test}) {
    const at::Tensor counts = at::bincount(part->labels, {}, 200);
    EXPECT_EQ(counts.min().item<int64_t>(), counts.max().item<int64_t>());
  }
  // As the literature gives them for all of the training part: 0.4802, 0.4481, 0.3975 of 255.
  const ChannelStatistics statistics = ComputeStatistics(dataset.train.images);
  const float means[] = {122.5f, 114.3f, 101.4f};
  for (int channel = 0; channel < 3; ++channel) EXPECT_NEAR(statistics.mean[channel], means[channel], 1.5);
}

}  // namespace
}  // namespace sid
