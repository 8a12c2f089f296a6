#include "train/output/depth_chart.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "absl/strings/str_split.h"

namespace sid {
namespace {

TEST(DepthChart, PutsEachDepthWhereItsAccuracyIs) {
  EXPECT_EQ(DepthChart({0.984, 0.99, 0.984, 0.978}, 80),
            "   99.00 % |            *\n"
            "           |\n"
            "           |\n"
            "           |    *               *\n"
            "           |\n"
            "           |\n"
            "   97.80 % |                            *\n"
            "           +--------------------------------\n"
            "                1                       4\n");
}

// A tenth of a point must not look like a trend.
TEST(DepthChart, ShowsAtLeastAPoint) {
  const std::string chart = DepthChart({0.5, 0.501}, 80);
  EXPECT_NE(chart.find("50.55 % |\n"), std::string::npos) << chart;
  EXPECT_NE(chart.find("49.55 % |\n"), std::string::npos) << chart;
}

TEST(DepthChart, FitsTheTerminalWhateverTheDepth) {
  for (const int columns : {30, 40, 80, 200}) {
    for (const size_t depth : {2u, 3u, 17u, 64u, 1000u, 1024u}) {
      std::vector<double> accuracy(depth);
      for (size_t k = 0; k < depth; ++k) accuracy[k] = static_cast<double>(k) / static_cast<double>(depth);
      const std::string chart = DepthChart(accuracy, columns);
      for (const absl::string_view line : absl::StrSplit(chart, "\n")) {
        EXPECT_LT(static_cast<int>(line.size()), columns) << depth << "\n" << chart;
      }
      EXPECT_EQ(std::count(chart.begin(), chart.end(), '\n'), 9);
      EXPECT_GE(std::count(chart.begin(), chart.end(), '*'), 2);
    }
  }
}

TEST(DepthChart, IsNothingForOneDepthOrNoRoom) {
  EXPECT_EQ(DepthChart({0.5}, 80), "");
  EXPECT_EQ(DepthChart({}, 80), "");
  EXPECT_EQ(DepthChart({0.5, 0.6}, 29), "");
  EXPECT_EQ(DepthChart({0.5, 0.6}, 0), "");
}

}  // namespace
}  // namespace sid
