// Folders of reports: report.json, a run and bench.json are parts of the input, the latter two sealed. What is read can be
// reported, and every run of it lies in runs/.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/fuzzing/input.h"
#include "base/json/write.h"
#include "reproducibility/claims/claims.h"
#include "reproducibility/fuzz/sealed.h"
#include "reproducibility/report/report.h"
#include "reproducibility/report/report_input.h"
#include "third_party/logging/logging.h"

namespace {

const sid::Registry& TheRegistry() {
  static const auto* const kRegistry = new sid::Registry(sid::ParseRegistry(R"({
    "schema": 1, "paper": "a paper",
    "claims": [
      {"id": "A", "kind": "claim", "statement": "s", "source": "s", "figure": "f", "experiment": "accuracy", "seeds": 2,
       "tolerance": "t", "time": {"cpu": "c", "gpu": "g"},
       "rule": {"quantity": "accuracy", "needs": {"datasets": ["mnist"], "epochs": 1, "all_images": true, "learning_rates": 1},
                "contrasts": [{"label": "l", "above": 0, "sum": [[1, {"learner": "sid"}]]}]}},
      {"id": "B", "kind": "claim", "statement": "s", "source": "s", "figure": "f", "experiment": "bench", "seeds": 1,
       "tolerance": "t", "time": {"cpu": "c", "gpu": "g"},
       "rule": {"bench": "measured_speedup", "above": 1, "over": "bp-chain"}}]})")
                                                             .value());
  return *kRegistry;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace fs = std::filesystem;
  const std::string& folder = sid::FuzzFolder();
  fs::create_directories(folder + "/runs");
  std::string_view input(reinterpret_cast<const char*>(data), size);
  sid::WriteFuzzFile(folder + "/report.json", sid::TakePart(input));
  const std::string run = sid::Sealed(sid::TakePart(input));
  sid::WriteFuzzFile(folder + "/runs/run.json", run);
  sid::WriteFuzzFile(folder + "/outside.json", run);
  sid::WriteFuzzFile(folder + "/bench.json", sid::Sealed(sid::TakePart(input)));
  const auto read = sid::ReadReportInput(folder, TheRegistry());
  sid::CheckIsOneLine(read.status());
  if (!read.ok()) return 0;
  for (const auto& [name, evidence] : read->evidence.experiments) {
    for (const sid::FinishedRun& run : evidence.runs) CHECK_EQ(run.name, "run.json");
  }
  const auto report = sid::MakeReport(*read);
  if (report.ok()) (void)sid::ToText(*report);
  return 0;
}
