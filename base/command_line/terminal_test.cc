#include <gtest/gtest.h>

#include "base/command_line/program.h"

namespace sid {
namespace {

TEST(ProgressBar, FillsUp) {
  EXPECT_EQ(ProgressBar(0, 4), "[....]");
  EXPECT_EQ(ProgressBar(0.5, 4), "[##..]");
  EXPECT_EQ(ProgressBar(1, 4), "[####]");
  EXPECT_EQ(ProgressBar(-1, 4), "[....]");
  EXPECT_EQ(ProgressBar(7, 4), "[####]");
}

TEST(TerminalColumns, ATestHasNone) { EXPECT_EQ(TerminalColumns(), 0); }

}  // namespace
}  // namespace sid
