#include <gtest/gtest.h>

#include "base/text.h"

namespace sid {
namespace {

TEST(OneLine, ShowsControlCharactersAndKeepsAllOthers) {
  EXPECT_EQ(OneLine("two\nlines\r\t"), "two\\nlines\\r\\t");
  EXPECT_EQ(OneLine(std::string_view("\x1b[2J\0\x7f", 6)), "\\x1b[2J\\x00\\x7f");
  EXPECT_EQ(OneLine("'a' \\ \"ä\" 名前 🙂"), "'a' \\ \"ä\" 名前 🙂");
}

TEST(OneLine, ShowsWhatCannotBeSeen) {
  EXPECT_EQ(OneLine("'\ufeffn01'"), "'\\ufeffn01'");
  EXPECT_EQ(OneLine("a\u00a0b\u200bc\u202ed"), "a\\u00a0b\\u200bc\\u202ed");
  EXPECT_EQ(OneLine("\xff\xc3"), "\\xff\\xc3") << "no UTF-8";
  EXPECT_EQ(OneLine("\xe4\xb8"), "\\xe4\\xb8") << "cut in a character";
}

}  // namespace
}  // namespace sid
