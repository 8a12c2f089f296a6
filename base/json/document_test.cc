#include "base/json/document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sid {
namespace {

using testing::HasSubstr;

constexpr DocumentKind kList{"list", 2, R"({"names": ["text"]})", "write it again"};

std::string ErrorOf(const std::string& text) {
  const absl::Status status = ParseDocument(text, "a.json", kList).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  return std::string(status.message());
}

TEST(ParseDocument, ReadsWhatItsShapeSays) {
  EXPECT_EQ(ParseDocument(R"({"schema": 2, "names": ["a"]})", "a.json", kList).value()["names"][0], "a");
}

TEST(ParseDocument, OthersAreOneLineWithAHint) {
  EXPECT_THAT(ErrorOf(""), HasSubstr("a.json is no list: it is no JSON"));
  EXPECT_EQ(ErrorOf("[1]"), "a.json is no list: it has no number 'schema'; write it again");
  EXPECT_EQ(ErrorOf(R"({"schema": "2"})"), "a.json is no list: it has no number 'schema'; write it again");
  EXPECT_EQ(ErrorOf(R"({"schema": 3})"), "a.json has schema 3, and this program reads schema 2; write it again");
  EXPECT_EQ(ErrorOf(R"({"schema": 2, "names": [1]})"),
            "a.json is damaged: names[0] is 1, expected a text; write it again");
}

}  // namespace
}  // namespace sid
