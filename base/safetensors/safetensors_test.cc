#include "base/safetensors/safetensors.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/files.h"

namespace sid {
namespace {

const std::vector<at::ScalarType> kTypes = {at::kDouble, at::kFloat, at::kBFloat16, at::kHalf,
                                            at::kLong,   at::kInt,   at::kByte,     at::kBool};

std::string TemporaryPath(const std::string& name) { return testing::TempDir() + "/" + name; }

at::Tensor Numbered(at::ScalarType type) { return at::arange(24, at::kLong).remainder(7).view({2, 3, 4}).to(type); }

std::vector<NamedTensor> OneOfEachType() {
  std::vector<NamedTensor> tensors;
  tensors.reserve(kTypes.size());
  for (const at::ScalarType type : kTypes) tensors.push_back({c10::toString(type), Numbered(type)});
  return tensors;
}

void ExpectEqual(const NamedTensor& a, const NamedTensor& b) {
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.tensor.scalar_type(), b.tensor.scalar_type()) << a.name;
  EXPECT_TRUE(at::equal(a.tensor, b.tensor)) << a.name;
}

TEST(Safetensors, ReadsWhatItWritesInEveryType) {
  const std::string path = TemporaryPath("types");
  std::vector<NamedTensor> written = OneOfEachType();
  ASSERT_TRUE(SaveSafetensors(path, written, {{"epoch", "3"}}).ok());
  const SafetensorsFile read = LoadSafetensors(path).value();
  EXPECT_EQ(read.metadata, (std::map<std::string, std::string>{{"epoch", "3"}}));
  ASSERT_EQ(read.tensors.size(), written.size());
  const auto larger = [](const NamedTensor& a, const NamedTensor& b) {
    return a.tensor.element_size() > b.tensor.element_size();
  };
  std::stable_sort(written.begin(), written.end(), larger);
  for (size_t i = 0; i < written.size(); ++i) ExpectEqual(read.tensors[i], written[i]);
}

TEST(Safetensors, KeepsTheOrderOfTensorsOfOneType) {
  const std::string path = TemporaryPath("order");
  const std::vector<NamedTensor> written = {{"z", Numbered(at::kFloat)}, {"a", Numbered(at::kFloat) + 1}};
  ASSERT_TRUE(SaveSafetensors(path, written, {}).ok());
  const SafetensorsFile read = LoadSafetensors(path).value();
  ASSERT_EQ(read.tensors.size(), 2);
  ExpectEqual(read.tensors[0], written[0]);
  ExpectEqual(read.tensors[1], written[1]);
}

TEST(Safetensors, WritesParametersEmptyTensorsScalarsAndAnyLayout) {
  const std::string path = TemporaryPath("shapes");
  const std::vector<NamedTensor> written = {
      {"parameter", Numbered(at::kFloat).requires_grad_()},
      {"empty", at::zeros({3, 0, 2})},
      {"scalar", at::zeros({}) + 5},
      {"channels-last", Numbered(at::kFloat).view({2, 3, 2, 2}).contiguous(at::MemoryFormat::ChannelsLast)},
      {"every second", Numbered(at::kFloat).slice(2, 0, 4, 2)}};
  ASSERT_TRUE(SaveSafetensors(path, written, {}).ok());
  const SafetensorsFile read = LoadSafetensors(path).value();
  EXPECT_TRUE(read.metadata.empty());
  ASSERT_EQ(read.tensors.size(), written.size());
  for (size_t i = 0; i < written.size(); ++i) ExpectEqual(read.tensors[i], written[i]);
}

TEST(Safetensors, MayHoldNothing) {
  const std::string path = TemporaryPath("nothing");
  ASSERT_TRUE(SaveSafetensors(path, {}, {}).ok());
  EXPECT_TRUE(LoadSafetensors(path)->tensors.empty());
}

TEST(Safetensors, SaysWhatItCannotWrite) {
  const at::Tensor tensor = at::zeros({2});
  EXPECT_EQ(SaveSafetensors("file", {{"w", tensor}, {"w", tensor}}, {}).message(),
            "cannot write file: the name 'w' is taken; rename one of the tensors");
  EXPECT_FALSE(SaveSafetensors("file", {{"__metadata__", tensor}}, {}).ok());
  EXPECT_EQ(SaveSafetensors("file", {{"w", tensor.to(at::kComplexFloat)}}, {}).message(),
            "cannot write file: tensor 'w': type ComplexFloat has no place in our safetensors files; convert it first");
  const std::string missing = TemporaryPath("missing/file");
  EXPECT_NE(SaveSafetensors(missing, {{"w", tensor}}, {}).message().find(missing), absl::string_view::npos);
}

// The error of loading these bytes, without the path and the hint that every one of them has.
std::string ErrorOf(const std::string& bytes) {
  const std::string path = TemporaryPath("damaged");
  EXPECT_TRUE(WriteFileAtomically(path, bytes).ok());
  const absl::Status status = LoadSafetensors(path).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  const std::string message(status.message());
  const std::string before = path + " is no whole safetensors file: ", after = "; it is damaged or of another format";
  EXPECT_TRUE(message.starts_with(before) && message.ends_with(after)) << message;
  return message.substr(before.size(), message.size() - before.size() - after.size());
}

std::string BytesOfAFile() {
  const std::string path = TemporaryPath("whole");
  EXPECT_TRUE(SaveSafetensors(path, {{"w", Numbered(at::kFloat)}, {"b", Numbered(at::kBool)}}, {}).ok());
  return ReadFile(path).value();
}

TEST(Safetensors, RefusesEveryTruncation) {
  const std::string whole = BytesOfAFile();
  for (size_t size = 0; size < whole.size(); ++size) ErrorOf(whole.substr(0, size));
  EXPECT_EQ(ErrorOf(""), "it has only 0 bytes");
  EXPECT_EQ(ErrorOf(whole.substr(0, 100)),
            "a header of " + std::to_string(whole[0]) + " bytes is no part of 100 bytes");
  EXPECT_EQ(ErrorOf(whole + "x"), "the header describes 120 bytes of data, but the file has 121");
}

TEST(Safetensors, RefusesImpossibleHeaderLengths) {
  std::string bytes = BytesOfAFile();
  for (int byte = 1; byte < 8; ++byte) {
    std::string damaged = bytes;
    damaged[byte] = '\xff';
    EXPECT_NE(ErrorOf(damaged).find("is no part of"), std::string::npos);
  }
  EXPECT_EQ(ErrorOf(std::string(8, '\xff')), "a header of 18446744073709551615 bytes is no part of 8 bytes");
  EXPECT_EQ(ErrorOf(std::string(1, '\x09') + std::string(15, '\0')), "a header of 9 bytes is no part of 16 bytes");
  EXPECT_EQ(ErrorOf(std::string(8, '\0')), "the header is no JSON object: it is no JSON, or not whole");
}

TEST(Safetensors, RefusesBoolsThatAreNone) {
  std::string bytes = BytesOfAFile();
  bytes.back() = 2;
  EXPECT_EQ(ErrorOf(bytes), "a tensor of type BOOL holds bytes other than 0 and 1");
}

TEST(Safetensors, NeverCrashesOnADamagedByte) {
  const std::string whole = BytesOfAFile();
  const std::string path = TemporaryPath("flipped");
  for (size_t place = 0; place < whole.size() - 120; ++place) {
    for (const int flip : {1, 2, 16, 128}) {
      std::string damaged = whole;
      damaged[place] = static_cast<char>(damaged[place] ^ flip);
      ASSERT_TRUE(WriteFileAtomically(path, damaged).ok());
      // A letter of a name may change unnoticed, nothing else.
      const absl::StatusOr<SafetensorsFile> file = LoadSafetensors(path);
      EXPECT_TRUE(!file.ok() || file->tensors.size() == 2) << place;
    }
  }
}

TEST(Safetensors, ErrorsNameThePath) {
  const std::string missing = TemporaryPath("missing/file");
  EXPECT_EQ(LoadSafetensors(missing).status().code(), absl::StatusCode::kNotFound);
  EXPECT_NE(LoadSafetensors(missing).status().message().find(missing), absl::string_view::npos);
  EXPECT_NE(LoadSafetensors(testing::TempDir()).status().message().find(testing::TempDir()), absl::string_view::npos);
}

}  // namespace
}  // namespace sid
