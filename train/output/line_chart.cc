#include "train/output/line_chart.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"

namespace sid {
namespace {

// Okabe and Ito's.
constexpr const char* kColours[] = {"#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#7F7F7F"};
constexpr double kWidth = 620, kHeight = 300, kLeft = 62, kRight = 12, kTop = 10, kBottom = 44;

struct Axis {
  double low = std::numeric_limits<double>::infinity(), high = -std::numeric_limits<double>::infinity();
  double begin, end;  // where low and high lie in the picture

  void Add(double value) {
    if (!std::isfinite(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  // Of no or one value there is a range too.
  void Close() {
    if (low > high) low = high = 0;
    const double margin = low == high ? std::max(0.5, 0.01 * std::abs(low)) : 0;
    low -= margin;
    high += margin;
  }
  double Place(double value) const { return begin + (value - low) / (high - low) * (end - begin); }
};

std::string Text(double x, double y, const char* anchor, const std::string& text, const char* more = "") {
  return absl::StrFormat("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\"%s>%s</text>", x, y, anchor, more,
                         Escaped(text));
}

std::string AxesOf(const LineChart& chart, const Axis& x, const Axis& y) {
  std::string svg;
  for (const double tick : Ticks(y.low, y.high)) {
    absl::StrAppendFormat(&svg, "<path d=\"M%.1f %.1fH%.1f\" stroke=\"var(--grid)\"/>", x.begin, y.Place(tick), x.end);
    absl::StrAppend(&svg, Text(x.begin - 8, y.Place(tick) + 4, "end", absl::StrFormat("%g", tick)));
  }
  for (const double tick : Ticks(x.low, x.high, /*least_step=*/1)) {
    absl::StrAppend(&svg, Text(x.Place(tick), y.begin + 18, "middle", absl::StrFormat("%g", tick)));
  }
  absl::StrAppendFormat(&svg, "<path d=\"M%.1f %.1fH%.1f\" stroke=\"currentColor\"/>", x.begin, y.begin, x.end);
  absl::StrAppend(&svg, Text((x.begin + x.end) / 2, kHeight - 6, "middle", chart.x_title));
  absl::StrAppend(&svg, Text(-(y.begin + y.end) / 2, 14, "middle", chart.y_title, " transform=\"rotate(-90)\""));
  return svg;
}

// The line, and a dot for each of a few points.
std::string LineOf(const Curve& curve, const std::string& colour, const Axis& x, const Axis& y) {
  std::string path, dots;
  bool drawing = false;
  for (const auto& [at, value] : curve.points) {
    if (std::isfinite(value)) {
      absl::StrAppendFormat(&path, "%s%.1f %.1f", drawing ? "L" : "M", x.Place(at), y.Place(value));
      absl::StrAppendFormat(&dots, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\"/>", x.Place(at), y.Place(value));
    }
    drawing = std::isfinite(value);
  }
  if (curve.points.size() > 64) dots.clear();
  return absl::StrCat("<g fill=\"", colour, "\"><path d=\"", path, "\" fill=\"none\" stroke-width=\"2\" stroke=\"",
                      colour, "\"/>", dots, "</g>");
}

}  // namespace

std::vector<double> Ticks(double low, double high, double least_step) {
  const double rough = std::max((high - low) / 5, least_step), power = std::pow(10, std::floor(std::log10(rough)));
  const double step = power * (rough / power > 5 ? 10 : rough / power > 2 ? 5 : rough / power > 1 ? 2 : 1);
  std::vector<double> ticks;
  // Multiples of the step, not sums of it: 0 is 0, and the last is not lost.
  for (double k = std::ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; ++k) ticks.push_back(k * step);
  return ticks;
}

std::string ColourOf(size_t curve) { return kColours[curve % std::size(kColours)]; }

std::string ToSvg(const LineChart& chart) {
  Axis x{.begin = kLeft, .end = kWidth - kRight}, y{.begin = kHeight - kBottom, .end = kTop};
  for (const Curve& curve : chart.curves) {
    for (const auto& [at, value] : curve.points) {
      x.Add(at);
      y.Add(value);
    }
  }
  x.Close();
  y.Close();
  std::string svg =
      absl::StrFormat("<svg viewBox=\"0 0 %g %g\" width=\"%g\" role=\"img\" fill=\"currentColor\" font-size=\"12\">",
                      kWidth, kHeight, kWidth);
  absl::StrAppend(&svg, AxesOf(chart, x, y));
  for (size_t k = 0; k < chart.curves.size(); ++k) absl::StrAppend(&svg, LineOf(chart.curves[k], ColourOf(k), x, y));
  return svg + "</svg>";
}

std::string Escaped(const std::string& text) {
  return absl::StrReplaceAll(text, {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}});
}

}  // namespace sid
