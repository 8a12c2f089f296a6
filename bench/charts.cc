#include "bench/charts.h"

#include "base/command_line/data_program.h"

namespace sid {

absl::Status DrawCharts(const std::string& results, const std::string& out) {
  return RunDataProgram("bench/plot/plot", {results, out});
}

}  // namespace sid
