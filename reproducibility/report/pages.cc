#include "reproducibility/report/pages.h"

#include "base/command_line/data_program.h"

namespace sid {

absl::Status WritePages(const std::string& folder) {
  return RunDataProgram("reproducibility/report/report_pages", {folder});
}

}  // namespace sid
