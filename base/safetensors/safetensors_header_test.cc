#include "base/safetensors/safetensors_header.h"

#include <gtest/gtest.h>

namespace sid {
namespace {

// A header of one tensor, 'w', with the given text between its braces.
std::string WithEntry(const std::string& entry) { return "{\"w\": {" + entry + "}}"; }

std::string ErrorOf(const std::string& text, uint64_t data_size = 24) {
  const absl::Status status = ParseSafetensorsHeader(text, data_size).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << text;
  EXPECT_EQ(status.message().find('\n'), absl::string_view::npos) << text;
  return std::string(status.message());
}

TEST(SafetensorsHeader, ReadsWhatItWrites) {
  const SafetensorsHeader written = {
      .entries = {{"z", at::kDouble, {2, 3}, 0, 48}, {"a", at::kBool, {5}, 48, 53}, {"b", at::kFloat, {0, 9}, 53, 53}},
      .metadata = {{"epoch", "3"},
                   {"name",
                    "Gr\xc3\xb6\xc3\x9f"
                    "e \"\n"}}};
  const std::string text = WriteSafetensorsHeader(written);
  EXPECT_EQ(text.size() % 8, 0);
  EXPECT_EQ(text[0], '{');
  const SafetensorsHeader read = ParseSafetensorsHeader(text, 53).value();
  EXPECT_EQ(read.metadata, written.metadata);
  ASSERT_EQ(read.entries.size(), written.entries.size());
  for (size_t i = 0; i < read.entries.size(); ++i) {
    EXPECT_EQ(read.entries[i].name, written.entries[i].name);
    EXPECT_EQ(read.entries[i].type, written.entries[i].type);
    EXPECT_EQ(read.entries[i].shape, written.entries[i].shape);
    EXPECT_EQ(read.entries[i].begin, written.entries[i].begin);
    EXPECT_EQ(read.entries[i].end, written.entries[i].end);
  }
}

TEST(SafetensorsHeader, ReadsTheExampleOfTheFormatsDescription) {
  const SafetensorsHeader header =
      ParseSafetensorsHeader(WithEntry(R"("dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24])"), 24).value();
  EXPECT_EQ(header.entries[0].name, "w");
  EXPECT_EQ(header.entries[0].type, at::kFloat);
  EXPECT_EQ(header.entries[0].shape, (std::vector<int64_t>{2, 3}));
}

TEST(SafetensorsHeader, NamesTheTypesAsTheFormatDoes) {
  const std::vector<std::pair<std::string, at::ScalarType>> types = {
      {"F64", at::kDouble}, {"F32", at::kFloat}, {"BF16", at::kBFloat16}, {"F16", at::kHalf},
      {"I64", at::kLong},   {"I32", at::kInt},   {"U8", at::kByte},       {"BOOL", at::kBool}};
  for (const auto& [name, type] : types) {
    const std::string text = WriteSafetensorsHeader({.entries = {{"w", type, {0}, 0, 0}}});
    EXPECT_NE(text.find("\"dtype\":\"" + name + "\""), std::string::npos) << text;
    EXPECT_EQ(ParseSafetensorsHeader(text, 0)->entries[0].type, type);
    EXPECT_TRUE(CheckSafetensorsType(type).ok());
  }
}

TEST(SafetensorsHeader, MayDescribeNothing) { EXPECT_TRUE(ParseSafetensorsHeader("{}", 0).ok()); }

constexpr char kTooDeep[] = "the header is no JSON object: it nests deeper than 3 levels";

TEST(SafetensorsHeader, RefusesBadJson) {
  for (const char* text : {"", "{", "[]", "3", "{}x", "{\"w\": \"\xff\"}", "{'w': 1}", "null"})
    EXPECT_EQ(ErrorOf(text).find("the header is no JSON object"), 0u);
  EXPECT_EQ(ErrorOf(std::string(1'000'000, '[')), kTooDeep);
}

TEST(SafetensorsHeader, RefusesRepeatedKeys) {
  const std::string entry = R"({"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]})";
  EXPECT_EQ(ErrorOf("{\"w\": " + entry + ", \"w\": " + entry + "}"), "the header is no JSON object: it has 'w' twice");
  EXPECT_EQ(ErrorOf(WithEntry(R"("dtype": "F32", "shape": [2, 3], "shape": [6], "data_offsets": [0, 24])")),
            "the header is no JSON object: it has 'shape' twice");
}

TEST(SafetensorsHeader, RefusesBadMetadata) {
  EXPECT_EQ(ErrorOf(R"({"__metadata__": 3})"), "__metadata__ is no JSON object");
  EXPECT_EQ(ErrorOf(R"({"__metadata__": {"epoch": 3}})"), "__metadata__ has no text for 'epoch'");
}

TEST(SafetensorsHeader, RefusesBadEntries) {
  EXPECT_EQ(ErrorOf(R"({"w": 3})"), "tensor 'w' is no JSON object");
  EXPECT_EQ(ErrorOf(R"({"two\nlines": 3})"), "tensor 'two\\nlines' is no JSON object");
  EXPECT_EQ(ErrorOf(WithEntry(R"("shape": [6], "data_offsets": [0, 24])")), "tensor 'w' has no text 'dtype'");
  EXPECT_EQ(ErrorOf(WithEntry(R"("dtype": "F31", "shape": [6], "data_offsets": [0, 24])")),
            "tensor 'w' has the unknown type 'F31'");
  EXPECT_EQ(ErrorOf(WithEntry(R"("dtype": "F32", "data_offsets": [0, 24])")), "tensor 'w' has no list 'shape'");
  for (const char* shape : {"[-6]", "[6.0]", "[\"6\"]", "[[6]]", "[9223372036854775808]", "[null]"}) {
    const std::string error =
        ErrorOf(WithEntry("\"dtype\": \"F32\", \"shape\": " + std::string(shape) + ", \"data_offsets\": [0, 24]"));
    EXPECT_TRUE(error == "tensor 'w' has something else than whole numbers in 'shape'" || error == kTooDeep)
        << shape << ": " << error;
  }
}

TEST(SafetensorsHeader, RefusesShapesThatOverflow) {
  for (const char* shape : {"4611686018427387904, 4", "4294967296, 4294967296, 4", "9223372036854775807",
                            "3037000500, 3037000500", "0, 4294967296, 4294967296"}) {
    EXPECT_EQ(
        ErrorOf(WithEntry("\"dtype\": \"F32\", \"shape\": [" + std::string(shape) + "], \"data_offsets\": [0, 24]")),
        "tensor 'w' has an impossible shape")
        << shape;
  }
}

TEST(SafetensorsHeader, RefusesBadOffsets) {
  const std::string start = R"("dtype": "F32", "shape": [2, 3], "data_offsets": )";
  for (const char* offsets : {"[24, 0]", "[0]", "[0, 12, 24]", "[]"})
    EXPECT_EQ(ErrorOf(WithEntry(start + offsets)), "tensor 'w' has no two ascending 'data_offsets'");
  EXPECT_EQ(ErrorOf(WithEntry(start + "[0, 20]")), "tensor 'w' has 20 bytes of data, but its type and shape need 24");
  EXPECT_EQ(ErrorOf(WithEntry(start + "[4, 28]"), 28),
            "tensor 'w' begins at byte 4 of the data, but leaves a gap after 0");
  EXPECT_EQ(ErrorOf(WithEntry(start + "[0, 24]"), 23), "the header describes 24 bytes of data, but the file has 23");
  EXPECT_EQ(ErrorOf(WithEntry(start + "[0, 24]"), 25), "the header describes 24 bytes of data, but the file has 25");
  EXPECT_EQ(ErrorOf("{}", 1), "the header describes 0 bytes of data, but the file has 1");
}

TEST(SafetensorsHeader, RefusesOverlaps) {
  EXPECT_EQ(ErrorOf(R"({"a": {"dtype": "U8", "shape": [8], "data_offsets": [0, 8]},
                        "b": {"dtype": "U8", "shape": [8], "data_offsets": [4, 12]}})",
                    12),
            "tensor 'b' begins at byte 4 of the data, but overlaps what ends at 8");
  EXPECT_EQ(ErrorOf(R"({"a": {"dtype": "U8", "shape": [8], "data_offsets": [0, 8]},
                        "b": {"dtype": "U8", "shape": [8], "data_offsets": [0, 8]}})",
                    8),
            "tensor 'b' begins at byte 0 of the data, but overlaps what ends at 8");
}

}  // namespace
}  // namespace sid
