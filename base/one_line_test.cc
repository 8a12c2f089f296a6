#include "base/one_line.h"

#include <gtest/gtest.h>

namespace sid {
namespace {

TEST(OneLine, ShowsControlCharactersAndKeepsAllOthers) {
  EXPECT_EQ(OneLine("two\nlines\r\t"), "two\\nlines\\r\\t");
  EXPECT_EQ(OneLine(std::string_view("\x1b[2J\0\x7f", 6)), "\\x1b[2J\\x00\\x7f");
  EXPECT_EQ(OneLine("'a' \\ \"ä\" \xff"), "'a' \\ \"ä\" \xff");
}

}  // namespace
}  // namespace sid
