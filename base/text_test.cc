#include "base/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"

namespace sid {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

absl::StatusOr<std::vector<std::string>> Lines(const std::string& text) {
  const std::string path = testing::TempDir() + "/lines.txt";
  EXPECT_TRUE(WriteFileAtomically(path, text).ok());
  return ReadTextLines(path);
}

TEST(ReadTextLines, ReadsEveryLineEnding) {
  for (const char* text : {"one\ntwo", "one\r\ntwo\r\n", "one\rtwo\r", "\n\none \t\n  two\n\n"})
    EXPECT_THAT(Lines(text).value(), ElementsAre("one", "two")) << text;
  EXPECT_THAT(Lines("n01\ta name, of words \n").value(), ElementsAre("n01\ta name, of words"));
  EXPECT_THAT(Lines("").value(), ElementsAre());
}

TEST(ReadTextLines, LeavesByteOrderMarksOut) {
  EXPECT_THAT(Lines("\xef\xbb\xbfone\n\xef\xbb\xbftwo\n").value(), ElementsAre("one", "two"));
}

TEST(ReadTextLines, OtherEncodingsAreNamed) {
  for (const std::string& text :
       {std::string("\xff\xfeo\0n\0", 6), std::string("\xfe\xff\0o", 4), std::string("o\0n\0", 4)})
    EXPECT_THAT(std::string(Lines(text).status().message()), HasSubstr("lines.txt is no UTF-8 text"));
}

}  // namespace
}  // namespace sid
