// Files of runs, sealed. What parses has every quantity, a row and a section of a report.

#include <cstdint>
#include <string>

#include "base/fuzzing/input.h"
#include "base/json/write.h"
#include "reproducibility/experiments/experiment.h"
#include "reproducibility/experiments/parse_result.h"
#include "reproducibility/fuzz/sealed.h"
#include "reproducibility/report/experiment_section.h"
#include "reproducibility/verdict/judge.h"
#include "third_party/logging/logging.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  sid::CheckIsOneLine(sid::ParseResult(text, "input").status());
  const auto result = sid::ParseResult(sid::Sealed(text), "input");
  sid::CheckIsOneLine(result.status());
  if (!result.ok()) return 0;
  const sid::FinishedRun run{"input", *result};
  for (const char* quantity :
       {"accuracy", "first_accuracy", "largest_rise", "largest_rise_in_training", "bound_excess"}) {
    CHECK(sid::QuantityOf(quantity, run).ok()) << quantity;
  }
  (void)sid::ResultRow(*result);
  const sid::AllEvidence evidence{.experiments = {{"depth", {.runs = {run, run}}}}};
  (void)sid::ToText(sid::ExperimentSection("depth", {}, evidence));
  return 0;
}
