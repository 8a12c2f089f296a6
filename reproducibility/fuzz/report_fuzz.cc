// A registry of claims and a folder of a report: claims.json, report.json, a run and bench.json are parts of the input, the latter
// two sealed, as a fuzzer cannot guess a checksum. What is read can be judged and reported, and every run of it lies in runs/.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/fuzzing/input.h"
#include "base/json/text.h"
#include "bench/results/read.h"
#include "reproducibility/claims/claims.h"
#include "reproducibility/experiments/results.h"
#include "reproducibility/report/report.h"
#include "reproducibility/verdict/evidence.h"
#include "third_party/logging/logging.h"

namespace {

// As it is where it is no object.
std::string Sealed(const std::string& text) {
  auto json = sid::ParseJson(text);
  if (!json.ok() || !json->is_object()) return text;
  sid::Seal(*json);
  return sid::ToText(*json);
}

void DriveRun(const std::string& text) {
  const auto result = sid::ParseResult(text, "input");
  sid::CheckIsOneLine(result.status());
  if (!result.ok()) return;
  for (const char* quantity : {"accuracy", "rise", "rise_in_training", "contraction", "staleness"}) {
    CHECK(sid::QuantityOf(quantity, *result).ok()) << quantity;
  }
}

void DriveBench(const std::string& text) { sid::CheckIsOneLine(sid::ParseBench(text, "input").status()); }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace fs = std::filesystem;
  const std::string& folder = sid::FuzzFolder();
  fs::create_directories(folder + "/runs");
  std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto registry = sid::ParseRegistry(sid::TakePart(input));
  sid::CheckIsOneLine(registry.status());
  sid::WriteFuzzFile(folder + "/report.json", sid::TakePart(input));
  const std::string run = Sealed(sid::TakePart(input)), bench = Sealed(sid::TakePart(input));
  DriveRun(run);
  DriveBench(bench);
  if (!registry.ok()) return 0;
  for (const sid::Claim& claim : registry->claims) CHECK(sid::Judge(claim, {}).ok());
  sid::WriteFuzzFile(folder + "/runs/run.json", run);
  sid::WriteFuzzFile(folder + "/outside.json", run);
  sid::WriteFuzzFile(folder + "/bench.json", bench);
  const auto read = sid::ReadReportInput(folder, *registry);
  sid::CheckIsOneLine(read.status());
  if (!read.ok()) return 0;
  for (const auto& [name, evidence] : read->evidence.experiments) {
    for (const sid::FinishedRun& finished : evidence.runs) CHECK_EQ(finished.name, "run.json");
  }
  const auto report = sid::MakeReport(*read);
  if (report.ok()) (void)sid::ToText(*report);
  return 0;
}
