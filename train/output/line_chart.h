#pragma once

// A chart of lines as SVG, in the colours of all pages: told apart without colour vision, seen on white and on black. Text
// and grid take the colours of the page that it stands in (currentColor, --grid).

#include <string>
#include <utility>
#include <vector>

namespace sid {

struct Curve {
  std::string name;
  // (x, y), by rising x; a y that is not finite interrupts the line.
  std::vector<std::pair<double, double>> points;
};

// Over whole numbers: epochs, modules.
struct LineChart {
  std::string x_title, y_title;
  std::vector<Curve> curves;
};

// Numbers to write along an axis from `low` to `high`: at most some five, multiples of 1, 2 or 5 times a power of ten, which is not below `least_step`.
std::vector<double> Ticks(double low, double high, double least_step = 0);

// The colour of the curve of this number.
std::string ColourOf(size_t curve);

std::string ToSvg(const LineChart& chart);

// What < > & " stand for in HTML.
std::string Escaped(const std::string& text);

}  // namespace sid
