#include "train/output/line_chart.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "absl/strings/str_cat.h"

namespace sid {
namespace {

int Count(const std::string& text, const std::string& part) {
  int count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(Ticks, AreRoundNumbersInTheRange) {
  EXPECT_EQ(Ticks(0, 10), (std::vector<double>{0, 2, 4, 6, 8, 10}));
  EXPECT_EQ(Ticks(1, 4), (std::vector<double>{1, 2, 3, 4}));
  EXPECT_EQ(Ticks(1, 3, 1), (std::vector<double>{1, 2, 3})) << "half an epoch is none";
  EXPECT_EQ(Ticks(0.5, 1.5, 1), (std::vector<double>{1}));
  EXPECT_EQ(Ticks(1, 1024), (std::vector<double>{500, 1000}));
  for (const double low : {-3.7, 0.0, 97.3}) {
    for (const double range : {1e-3, 0.5, 3.0, 77.0, 1e6}) {
      const std::vector<double> ticks = Ticks(low, low + range);
      EXPECT_GE(ticks.size(), 2u) << low << " " << range;
      EXPECT_LE(ticks.size(), 7u) << low << " " << range;
      EXPECT_GE(ticks.front(), low - 1e-6 * range);
      EXPECT_LE(ticks.back(), low + range * (1 + 1e-6));
    }
  }
}

// x from 62 to 608, y from 256 up to 10.
TEST(LineChart, DrawsEachPointInItsPlace) {
  const std::string svg = ToSvg({.x_title = "epoch", .y_title = "%", .curves = {{"a", {{0, 0}, {5, 5}, {10, 10}}}}});
  EXPECT_NE(svg.find("d=\"M62.0 256.0L335.0 133.0L608.0 10.0\""), std::string::npos) << svg;
  EXPECT_EQ(Count(svg, "<circle"), 3);
}

TEST(LineChart, WhatIsNotFiniteInterruptsTheLine) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::string svg = ToSvg({.curves = {{"a", {{0, 0}, {1, 1}, {2, nan}, {3, 1}, {4, 0}}}}});
  EXPECT_NE(svg.find("M62.0 256.0L198.5 10.0M471.5 10.0L608.0 256.0"), std::string::npos) << svg;
  EXPECT_EQ(Count(svg, "nan"), 0);
}

TEST(LineChart, OneValueAndNoneHaveARange) {
  for (const LineChart& chart :
       {LineChart{.curves = {{"a", {{1, 7}}}}}, LineChart{.curves = {{"a", {}}}}, LineChart{}}) {
    const std::string svg = ToSvg(chart);
    EXPECT_EQ(Count(svg, "nan") + Count(svg, "inf"), 0) << svg;
  }
}

TEST(LineChart, NamesAreNoMarkup) {
  EXPECT_EQ(Escaped("<a & \"b\">"), "&lt;a &amp; &quot;b&quot;&gt;");
  EXPECT_NE(ToSvg({.x_title = "<script>"}).find("&lt;script&gt;"), std::string::npos);
}

}  // namespace
}  // namespace sid
