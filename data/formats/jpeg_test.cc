#include "data/formats/jpeg.h"

#include <ATen/ops/empty.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "data/formats/jpeg_for_tests.h"

namespace sid {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// Red grows to the right, green downwards, blue stays: every mix-up of axes or colors shows.
std::vector<uint8_t> Gradient(int height, int width) {
  std::vector<uint8_t> pixels;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (const int value : {3 * x, 2 * y, 200}) pixels.push_back(static_cast<uint8_t>(value));
    }
  }
  return pixels;
}

std::string Error(const std::string& bytes, int64_t height = 64, int64_t width = 64) {
  std::vector<uint8_t> planes(3 * height * width);
  return std::string(DecodeJpeg(bytes, "a.JPEG", height, width, planes.data()).message());
}

TEST(DecodeJpeg, WritesPlanes) {
  const int64_t height = 40, width = 64;
  std::vector<uint8_t> planes(3 * height * width);
  ASSERT_TRUE(DecodeJpeg(EncodeJpeg(Gradient(40, 64), 40, 64, 3), "a", height, width, planes.data()).ok());
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      const int64_t at = y * width + x;
      EXPECT_NEAR(planes[at], 3 * x, 4);
      EXPECT_NEAR(planes[at + height * width], 2 * y, 4);
      EXPECT_NEAR(planes[at + 2 * height * width], 200, 4);
    }
  }
}

TEST(DecodeJpeg, GrayBecomesRedGreenAndBlue) {
  std::vector<uint8_t> gray(size_t{64} * 64);
  for (size_t i = 0; i < gray.size(); ++i) gray[i] = static_cast<uint8_t>(i / 64 * 3);
  std::vector<uint8_t> planes(size_t{3} * 64 * 64);
  ASSERT_TRUE(DecodeJpeg(EncodeJpeg(gray, 64, 64, 1), "a", 64, 64, planes.data()).ok());
  for (size_t i = 0; i < planes.size(); ++i) EXPECT_NEAR(planes[i], gray[i % gray.size()], 3);
}

TEST(DecodeJpeg, AnotherSizeIsAnError) {
  EXPECT_THAT(Error(EncodeJpeg(Gradient(40, 64), 40, 64, 3)), HasSubstr("a.JPEG: is an image of 64x40 pixels"));
}

TEST(DecodeJpeg, WhatIsNoWholeJpegIsAnError) {
  EXPECT_THAT(Error("no JPEG"), HasSubstr("a.JPEG: does not decode as a JPEG: Not a JPEG file"));
  EXPECT_THAT(Error(""), HasSubstr("a.JPEG: does not decode"));
  EXPECT_THAT(Error(EncodeJpeg(std::vector<uint8_t>(size_t{4} * 64 * 64, 50), 64, 64, 4)),
              HasSubstr("a.JPEG: is a JPEG in the colors of print (CMYK)"));
  EXPECT_THAT(Error("\x89PNG\r\n\x1a\n"), HasSubstr("(it is a PNG image)"));
}

std::vector<uint8_t> Pixels(const std::string& bytes) {
  std::vector<uint8_t> planes(size_t{3} * 64 * 64);
  EXPECT_EQ(DecodeJpeg(bytes, "a.JPEG", 64, 64, planes.data()), absl::OkStatus());
  return planes;
}

// Cameras and editors leave such files; other readers take them without a word.
TEST(DecodeJpeg, AWarningThatCostsNoPixelIsNoError) {
  const std::string whole = EncodeJpeg(Gradient(64, 64), 64, 64, 3);
  const std::vector<uint8_t> pixels = Pixels(whole);
  for (const std::string marker : {"\xff\xdb", "\xff\xd9"}) {  // tables; the end
    std::string filled = whole;
    filled.insert(whole.rfind(marker), 2, '\0');
    EXPECT_EQ(Pixels(filled), pixels);
  }
  std::string newer = whole;
  newer[newer.find("JFIF") + 5] = 3;  // "unknown JFIF revision number 3"
  EXPECT_EQ(Pixels(newer), pixels);
  EXPECT_EQ(Pixels(whole + "what a camera adds"), pixels);
  EXPECT_EQ(Pixels(whole.substr(0, whole.size() - 2)), pixels) << "the mark of the end is missing, and nothing else";
}

// libjpeg itself only warns, and fills the rest with gray. Of several scans the last ones only sharpen the image.
TEST(DecodeJpeg, ATruncationThatCostsPixelsIsAnError) {
  for (const bool progressive : {false, true}) {
    const std::string whole = EncodeJpeg(Gradient(64, 64), 64, 64, 3, progressive);
    const std::vector<uint8_t> pixels = Pixels(whole);
    for (size_t length = 0; length < whole.size(); ++length) {
      std::vector<uint8_t> planes(pixels.size());
      const absl::Status status = DecodeJpeg(whole.substr(0, length), "a.JPEG", 64, 64, planes.data());
      EXPECT_TRUE(status.ok() ? planes == pixels : status.code() == absl::StatusCode::kDataLoss)
          << length << " of " << whole.size() << ": " << status;
      EXPECT_TRUE(!status.ok() || length + 4 > whole.size()) << length << " of " << whole.size();
    }
  }
}

class DecodeJpegFilesTest : public testing::Test {
 protected:
  // Files whose red is their index.
  void SetUp() override {
    for (int i = 0; i < 40; ++i) {
      paths_.push_back(testing::TempDir() + "/" + std::to_string(i) + ".JPEG");
      ASSERT_TRUE(WriteFileAtomically(paths_.back(), EncodeJpeg(static_cast<uint8_t>(5 * i), 0, 0)).ok());
    }
  }

  std::vector<std::string> paths_;
  at::Tensor images_ = at::empty({40, 3, 64, 64}, at::kByte);
};

TEST_F(DecodeJpegFilesTest, EveryFileGoesToItsPlaceForAnyNumberOfThreads) {
  for (const int threads : {0, 1, 3, 100}) {
    images_.zero_();
    ASSERT_TRUE(DecodeJpegFiles(paths_, threads, images_).ok());
    for (int i = 0; i < 40; ++i) EXPECT_NEAR(images_[i][0][63][63].item<int>(), 5 * i, 2) << threads << " threads";
  }
}

TEST_F(DecodeJpegFilesTest, TheFirstBadFileIsNamed) {
  ASSERT_TRUE(WriteFileAtomically(paths_[17], "bad").ok());
  ASSERT_TRUE(WriteFileAtomically(paths_[18], "bad").ok());
  paths_[19] = testing::TempDir() + "/missing.JPEG";
  for (int repeat = 0; repeat < 20; ++repeat) {
    const absl::Status status = DecodeJpegFiles(paths_, 4, images_);
    EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr(paths_[17]), HasSubstr("does not decode")));
  }
}

}  // namespace
}  // namespace sid
