#include <gtest/gtest.h>

#include <cstdlib>

#include "base/paths.h"

namespace sid {
namespace {

TEST(ExpandHome, DoesAsAShell) {
  setenv("HOME", "/home/some one", 1);
  EXPECT_EQ(ExpandHome("~"), "/home/some one");
  EXPECT_EQ(ExpandHome("~/runs/1"), "/home/some one/runs/1");
  EXPECT_EQ(ExpandHome("~root"), "/root");
  EXPECT_EQ(ExpandHome("~root/x"), "/root/x");
  for (const std::string same : {"", "a/~", "/~", "./~/x", "~no such user/x"}) EXPECT_EQ(ExpandHome(same), same);
  unsetenv("HOME");
  EXPECT_NE(ExpandHome("~/x"), "~/x") << "the password file knows it";
}

}  // namespace
}  // namespace sid
