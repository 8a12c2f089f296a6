#include "data/formats/image_cache.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/files.h"

namespace sid {
namespace {

using testing::HasSubstr;

constexpr uint64_t kFingerprint = 0x123456789abcdef0;
const std::vector<int64_t> kSizes = {5, 3, 4, 2};

class ImageCacheTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(WriteImageCache(path_, kFingerprint, written_).ok()); }

  std::string Error(uint64_t fingerprint = kFingerprint, const std::vector<int64_t>& sizes = kSizes) {
    return std::string(ReadImageCache(path_, fingerprint, sizes).status().message());
  }

  const std::string path_ = testing::TempDir() + "/cache.bin";
  const at::Tensor written_ = at::arange(120, at::kByte).view(kSizes);
};

TEST_F(ImageCacheTest, ReadsWhatItWrote) {
  EXPECT_TRUE(at::equal(ReadImageCache(path_, kFingerprint, kSizes).value(), written_));
  EXPECT_EQ(std::filesystem::file_size(path_), 64u + 120u);
}

TEST_F(ImageCacheTest, AnotherSourceIsUnfit) {
  EXPECT_THAT(Error(kFingerprint + 1), HasSubstr(path_ + " is of another state of the source"));
  EXPECT_THAT(Error(kFingerprint, {6, 3, 4, 2}), HasSubstr("has 184 bytes, expected 208"));
  EXPECT_THAT(Error(kFingerprint, {5, 3, 2, 4}), HasSubstr("damaged"));
}

TEST_F(ImageCacheTest, EveryChangedByteIsSeen) {
  const std::string bytes = ReadFile(path_).value();
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string changed = bytes;
    changed[i] ^= 0x10;
    ASSERT_TRUE(WriteFileAtomically(path_, changed).ok());
    EXPECT_NE(Error(), "") << "byte " << i;
  }
}

TEST_F(ImageCacheTest, EveryOtherLengthIsSeen) {
  const std::string bytes = ReadFile(path_).value();
  for (const std::string& other : {bytes.substr(0, 183), bytes.substr(0, 10), std::string(), bytes + "x"}) {
    ASSERT_TRUE(WriteFileAtomically(path_, other).ok());
    EXPECT_THAT(Error(), HasSubstr("expected 184")) << other.size();
  }
}

TEST_F(ImageCacheTest, AMissingFileIsNotFound) {
  std::filesystem::remove(path_);
  EXPECT_EQ(ReadImageCache(path_, kFingerprint, kSizes).status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace sid
