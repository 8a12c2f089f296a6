#include "base/json/text.h"

#include <gtest/gtest.h>

#include <string>

namespace sid {
namespace {

std::string Repeat(const std::string& text, int times) {
  std::string repeated;
  for (int i = 0; i < times; ++i) repeated += text;
  return repeated;
}

std::string Nested(int levels) { return Repeat("[", levels) + Repeat("]", levels); }

std::string ErrorOf(const std::string& text) { return std::string(ParseJson(text).status().message()); }

TEST(ParseJson, KeepsOrderAndNumbers) {
  const std::string text = R"({"b":[1,-2,0.1,1.5e+300,null],"a":{"b":true,"c":"ä"}})";
  EXPECT_EQ(ParseJson(text)->dump(), text);
}

// Editors of Windows put one before a text that was saved by hand.
TEST(ParseJson, AByteOrderMarkIsNoPartOfIt) { EXPECT_EQ(ParseJson("\xef\xbb\xbf{\"a\":1}\r\n")->dump(), "{\"a\":1}"); }

// Each of these is parsed by nlohmann, and overflows the stack as soon as it is written or compared.
TEST(ParseJson, AMillionBracketsAreTooManyOpenOrClosed) {
  constexpr int kMany = 1'000'000;
  for (const std::string& text : {Repeat("[", kMany), Nested(kMany), Repeat("{\"a\":", kMany),
                                  Repeat("{\"a\":", kMany) + "0" + Repeat("}", kMany), Repeat("[{\"a\":", kMany)}) {
    EXPECT_EQ(ErrorOf(text), "it nests deeper than 16 levels");
  }
}

TEST(ParseJson, AsDeepAsAllowedAndNoDeeper) {
  EXPECT_TRUE(ParseJson(Nested(16)).ok());
  EXPECT_FALSE(ParseJson(Nested(17)).ok());
  EXPECT_TRUE(ParseJson("[" + Repeat("[[]],", 99) + "[]]").ok()) << "beside each other they do not add up";
  EXPECT_TRUE(ParseJsonAs<nlohmann::json>("[1]", {.levels = 1}).ok());
  EXPECT_FALSE(ParseJsonAs<nlohmann::json>("[[]]", {.levels = 1}).ok());
}

TEST(ParseJson, WhatIsNoJson) {
  for (const std::string text :
       {"", "{", "[1", "\"a", "{\"a\":1}x", "nan", "[Infinity]", "1e999", "\"\xff\"", "{a:1}"}) {
    EXPECT_EQ(ErrorOf(text), "it is no JSON, or not whole") << text;
  }
}

TEST(ParseJson, AKeyTwiceInOneObject) {
  EXPECT_EQ(ErrorOf(R"({"a": 1, "b": 2, "a": 1})"), "it has 'a' twice");
  EXPECT_EQ(ErrorOf(R"([{"b": {"two\nlines": 1, "two\nlines": 1}}])"), "it has 'two\\nlines' twice");
  EXPECT_TRUE(ParseJson(R"([{"a": {"a": 1}}, {"a": 1}])").ok()) << "other objects may have it too";
}

// An ordered object of a million keys would be searched a million times.
TEST(ParseJson, TooManyKeysOrBytes) {
  std::string text = "{";
  for (int i = 0; i < 100'000; ++i) text += "\"" + std::to_string(i) + "\":0,";
  EXPECT_EQ(ErrorOf(text + "\"z\":0}"), "an object in it has more than 1000 keys");
  EXPECT_EQ(ParseJsonAs<nlohmann::ordered_json>("[1, 2]", {.bytes = 5}).status().message(),
            "it has 6 bytes, more than 5");
}

}  // namespace
}  // namespace sid
