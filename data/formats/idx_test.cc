#include "data/formats/idx.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <vector>

#include "data/formats/gzip_for_tests.h"

namespace sid {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string Header(uint32_t magic, const std::vector<uint32_t>& sizes) {
  std::string bytes;
  const auto append = [&bytes](uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(value >> shift));
  };
  append(magic);
  for (const uint32_t size : sizes) append(size);
  return bytes;
}

// 2 images of 2 x 3 pixels: 0 to 11.
std::string Images() {
  std::string bytes = Header(0x803, {2, 2, 3});
  for (char pixel = 0; pixel < 12; ++pixel) bytes.push_back(pixel);
  return bytes;
}

std::string Labels() { return Header(0x801, {3}) + std::string("\x02\x00\x09", 3); }

std::string ImagesError(const std::string& bytes) {
  return std::string(ParseIdxImages(bytes, "images").status().message());
}

std::string LabelsError(const std::string& bytes) {
  return std::string(ParseIdxLabels(bytes, "labels", 10).status().message());
}

TEST(Idx, ReadsImages) {
  const std::string members = Gzip(Images().substr(0, 3)) + Gzip(Images().substr(3, 20)) + Gzip(Images().substr(23));
  for (const std::string& bytes : {Images(), Gzip(Images()), members}) {
    const at::Tensor images = ParseIdxImages(bytes, "images").value();
    ASSERT_EQ(images.sizes(), at::IntArrayRef({2, 1, 2, 3}));
    EXPECT_TRUE(images.is_contiguous());
    const uint8_t* const pixels = images.data_ptr<uint8_t>();
    for (int i = 0; i < 12; ++i) EXPECT_EQ(pixels[i], i);
  }
}

TEST(Idx, ReadsLabels) {
  for (const std::string& bytes : {Labels(), Gzip(Labels())}) {
    const at::Tensor labels = ParseIdxLabels(bytes, "labels", 10).value();
    ASSERT_EQ(labels.sizes(), at::IntArrayRef({3}));
    const int64_t* const values = labels.data_ptr<int64_t>();
    EXPECT_EQ(std::vector<int64_t>(values, values + 3), (std::vector<int64_t>{2, 0, 9}));
  }
}

TEST(Idx, TruncatedAndOverlongAreErrorsWithBothSizes) {
  EXPECT_THAT(ImagesError(Images().substr(0, 20)),
              AllOf(HasSubstr("images: is truncated"), HasSubstr("28 bytes"), HasSubstr("found 20")));
  EXPECT_THAT(ImagesError(Images() + "x"), AllOf(HasSubstr("overlong"), HasSubstr("28 bytes"), HasSubstr("found 29")));
  EXPECT_THAT(ImagesError(Gzip(Images().substr(0, 20))), AllOf(HasSubstr("truncated"), HasSubstr("found 20")));
  EXPECT_THAT(ImagesError(Gzip(Images() + "xyz")), AllOf(HasSubstr("overlong"), HasSubstr("found more")));
  EXPECT_THAT(ImagesError(Gzip(Images()) + Gzip("x")), AllOf(HasSubstr("overlong"), HasSubstr("found more")));
  EXPECT_THAT(ImagesError(Images().substr(0, 11)), HasSubstr("expected a header of 16 bytes, found 11"));
  EXPECT_THAT(ImagesError(""), HasSubstr("found 0"));
  const std::string zipped = Gzip(Images());
  EXPECT_THAT(ImagesError(zipped.substr(0, zipped.size() / 2)), HasSubstr("truncated"));
}

TEST(Idx, AnotherMagicIsAnError) {
  EXPECT_THAT(ImagesError(Labels() + std::string(8, '\0')), HasSubstr("magic number 2049, expected 2051"));
  EXPECT_THAT(LabelsError(Images()), HasSubstr("magic number 2051, expected 2049"));
  EXPECT_THAT(ImagesError("<!DOCTYPE html><html>"), HasSubstr("(it is an HTML page"));
}

// Leaves room for half a gigabyte more than the process has now; beyond it, allocations fail.
class MemoryLimit {
 public:
  MemoryLimit() {
    getrlimit(RLIMIT_AS, &before_);
    int64_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    rlimit limit = before_;
    limit.rlim_cur = pages * getpagesize() + (int64_t{1} << 29);
    setrlimit(RLIMIT_AS, &limit);
  }
  ~MemoryLimit() { setrlimit(RLIMIT_AS, &before_); }

 private:
  rlimit before_;
};

TEST(Idx, AHeaderThatPromisesTooMuchIsRefusedBeforeAnythingIsAllocated) {
  const MemoryLimit limit;
  // A number of pixels that overflows 64 bits.
  EXPECT_THAT(ImagesError(Header(0x803, {~0u, ~0u, ~0u})), HasSubstr("promises"));
  EXPECT_THAT(ImagesError(Header(0x803, {0, 28, 28})), HasSubstr("promises 0"));
  // 2 GB from less than 1 kB, plain and gzipped.
  const std::string promise = Header(0x801, {1u << 31}) + std::string(500, '\0');
  EXPECT_THAT(LabelsError(promise), AllOf(HasSubstr("truncated"), HasSubstr("2147483656 bytes")));
  EXPECT_THAT(LabelsError(Gzip(promise)), AllOf(HasSubstr("truncated"), HasSubstr("gzipped bytes")));
}

TEST(Idx, ALabelOutOfRangeIsAnErrorWithItsPlace) {
  std::string bytes = Labels();
  bytes.back() = 10;
  EXPECT_THAT(LabelsError(bytes), HasSubstr("labels: example 2 has label 10, but labels go from 0 to 9"));
}

}  // namespace
}  // namespace sid
