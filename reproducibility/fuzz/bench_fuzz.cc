// Results of //:bench. What parses can be compared, and gives the ratios that claims are judged by.

#include <cstdint>
#include <string>

#include "base/fuzzing/input.h"
#include "bench/results/compare.h"
#include "bench/results/read.h"
#include "reproducibility/claims/claims.h"
#include "reproducibility/verdict/bench_evidence.h"
#include "third_party/logging/logging.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto comparison = sid::CompareRuns(text, "old", text, "new", 0.02);
  sid::CheckIsOneLine(comparison.status());
  if (comparison.ok()) (void)sid::ToMarkdown(*comparison);
  const auto bench = sid::ParseBench(text, "input");
  sid::CheckIsOneLine(bench.status());
  if (!bench.ok()) return 0;
  for (const char* quantity : {"extractor_backward_share", "measured_speedup", "memory_ratio", "theoretical_speedup"}) {
    const sid::Rule rule{.kind = sid::RuleKind::kBench, .quantity = quantity, .over = "bp-chain"};
    const auto ratios = sid::RatiosOf(rule, *bench);
    CHECK(ratios.ok()) << quantity;
    std::string reason;
    (void)sid::JudgeRatios(rule, *ratios, &reason);
  }
  return 0;
}
