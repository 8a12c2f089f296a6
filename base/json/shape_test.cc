#include "base/json/shape.h"

#include <gtest/gtest.h>

#include <string>

namespace sid {
namespace {

using nlohmann::ordered_json;

std::string ErrorOf(const std::string& value, const std::string& shape) {
  return std::string(CheckShape(ordered_json::parse(value), ordered_json::parse(shape)).message());
}

TEST(CheckShape, EveryKind) {
  const struct {
    std::string kind;
    std::vector<std::string> fit, unfit;
  } kinds[] = {{"text", {"\"\"", "\"a\""}, {"1", "null", "[]"}},
               {"number", {"1", "-1", "0.5", "1e300"}, {"\"1\"", "null", "true"}},
               {"number or null", {"1.5", "null"}, {"\"1\"", "{}"}},
               {"count", {"0", "9223372036854775807"}, {"-1", "1.0", "9223372036854775808", "1e300", "\"1\""}},
               {"switch", {"true", "false"}, {"0", "null"}},
               {"any", {"1", "null", "[]", "{}"}, {}}};
  for (const auto& [kind, fit, unfit] : kinds) {
    for (const std::string& value : fit) EXPECT_EQ(ErrorOf(value, "\"" + kind + "\""), "") << kind;
    for (const std::string& value : unfit) EXPECT_NE(ErrorOf(value, "\"" + kind + "\""), "") << kind << value;
  }
  EXPECT_TRUE(CheckShape(ordered_json(3), "count").ok()) << "as a program makes it, and not the parser";
}

TEST(CheckShape, SaysWhereAndWhat) {
  const std::string shape = R"({"runs": [{"name": "text", "?seconds": "number"}]})";
  EXPECT_EQ(ErrorOf(R"({"runs": [{"name": "a"}, {"name": "b", "seconds": 1, "more": []}], "x": 1})", shape), "");
  EXPECT_EQ(ErrorOf(R"({"runs": [{"name": "a"}, {"name": 7}]})", shape), "runs[1].name is 7, expected a text");
  EXPECT_EQ(ErrorOf(R"({"runs": [{"name": "a", "seconds": "1"}]})", shape),
            "runs[0].seconds is \"1\", expected a number");
  EXPECT_EQ(ErrorOf(R"({"runs": [{}]})", shape), "runs[0].name is missing");
  EXPECT_EQ(ErrorOf(R"({"runs": {}})", shape), "runs is {}, expected a list");
  EXPECT_EQ(ErrorOf("3", shape), "it is 3, expected an object");
}

TEST(CheckShape, ListsHaveALeastLengthAndObjectsAnyKey) {
  EXPECT_EQ(ErrorOf("[1, 2]", R"(["number", 2])"), "");
  EXPECT_EQ(ErrorOf("[1]", R"(["number", 2])"), "it is [1], expected a list of at least 2");
  EXPECT_EQ(ErrorOf(R"({"a": "1", "b": "2"})", R"({"*": "text"})"), "");
  EXPECT_EQ(ErrorOf(R"({"a": "1", "b": 2})", R"({"*": "text"})"), "b is 2, expected a text");
}

TEST(CheckShapeAndKeys, KnowsNoKeyButTheShapes) {
  const auto error = [](const char* text, const char* shape) {
    return std::string(CheckShapeAndKeys(ordered_json::parse(text), ordered_json::parse(shape)).message());
  };
  const char shape[] = R"({"runs": [{"name": "text", "?seconds": "number", "?rules": {"*": "any"}}]})";
  EXPECT_EQ(error(R"({"runs": [{"name": "a", "seconds": 1, "rules": {"C1": {"x": 1}}}]})", shape), "");
  EXPECT_EQ(error(R"({"runs": [{"name": "a"}, {"nam": "b"}]})", shape).substr(0, 49),
            "runs[1]: unknown key 'nam'; did you mean 'name'? ");
  EXPECT_EQ(error(R"({"run": []})", shape).substr(0, 40), "unknown key 'run'; did you mean 'runs'? ");
}

TEST(CheckShape, ErrorsAreOneShortLine) {
  EXPECT_EQ(ErrorOf(R"("two\nlines")", "\"number\""), R"(it is "two\nlines", expected a number)");
  EXPECT_LT(ErrorOf("\"" + std::string(1000, 'x') + "\"", "\"number\"").size(), 100u);
}

}  // namespace
}  // namespace sid
