#include "train/output/depth_chart.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace sid {
namespace {

constexpr int64_t kRows = 7, kMargin = 12, kWidest = 60, kWidestMark = 8, kFewestColumns = 30;
constexpr double kSmallestRange = 0.01;

// `count` means of neighbours; `count` is at most the number of values.
std::vector<double> Means(const std::vector<double>& values, int64_t count) {
  const auto size = static_cast<int64_t>(values.size());
  std::vector<double> means;
  for (int64_t k = 0; k < count; ++k) {
    const int64_t first = k * size / count, end = (k + 1) * size / count;
    means.push_back(std::accumulate(values.begin() + first, values.begin() + end, 0.0) /
                    static_cast<double>(end - first));
  }
  return means;
}

// `left` and `right`, which ends at column `end`.
std::string Ends(const std::string& left, const std::string& right, int64_t end) {
  const int64_t blanks = std::max<int64_t>(1, end - static_cast<int64_t>(left.size() + right.size()));
  return absl::StrCat(left, std::string(blanks, ' '), right);
}

}  // namespace

std::string DepthChart(const std::vector<double>& accuracy, int columns) {
  const auto depth = static_cast<int64_t>(accuracy.size());
  if (depth < 2 || columns < kFewestColumns) return "";
  const int64_t room = std::min<int64_t>(kWidest, columns - kMargin - 1);
  const int64_t marks = std::min(depth, room), width = std::min(kWidestMark, room / marks);
  const std::vector<double> values = Means(accuracy, marks);
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  const double range = std::max(*most - *least, kSmallestRange), high = (*most + *least + range) / 2;

  std::vector<std::string> rows(kRows, std::string(marks * width, ' '));
  for (int64_t k = 0; k < marks; ++k) {
    const int64_t row = std::lround((high - values[k]) / range * (kRows - 1));
    rows[row][k * width + width / 2] = '*';
  }
  std::string chart;
  for (int64_t row = 0; row < kRows; ++row) {
    const bool labelled = row == 0 || row == kRows - 1;
    const double value = high - range * static_cast<double>(row) / (kRows - 1);
    const std::string label =
        labelled ? absl::StrFormat("%8.2f %% |", 100 * value) : std::string(kMargin - 2, ' ') + " |";
    absl::StrAppend(&chart, label, rows[row].substr(0, rows[row].find_last_not_of(' ') + 1), "\n");
  }
  absl::StrAppend(&chart, std::string(kMargin - 1, ' '), "+", std::string(marks * width, '-'), "\n");
  const int64_t last = kMargin + (marks - 1) * width + width / 2 + 1;
  absl::StrAppend(&chart, Ends(std::string(kMargin + width / 2, ' ') + "1", absl::StrCat(depth), last), "\n");
  return chart;
}

}  // namespace sid
