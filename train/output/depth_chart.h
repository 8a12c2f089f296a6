#pragma once

// Accuracy by depth in plain characters, for a terminal:
//
//    98.97 % |
//            |         *
//            |  *             *
//    97.97 % |                        *
//            +-------------------------------
//               1                      4

#include <string>
#include <vector>

namespace sid {

// The range is the values', at least a point, so that noise does not look like a trend. Where there are more depths than
// `columns` leave room for, a mark is the mean of neighbours. "" for a single depth, and in less than 30 columns.
std::string DepthChart(const std::vector<double>& accuracy, int columns);

}  // namespace sid
