// A run repeated gives the same report.json, byte for byte, but for times.

#include <gtest/gtest.h>

#include <filesystem>

#include "base/files.h"
#include "data/loaders/files_for_tests.h"
#include "reproducibility/reproduce.h"

namespace sid {
namespace {

using nlohmann::ordered_json;

// Times have the key "seconds", wherever they are, and nothing else has it.
void RemoveTimes(ordered_json& json) {
  if (json.is_object()) json.erase("seconds");
  if (json.is_structured()) {
    for (ordered_json& child : json) RemoveTimes(child);
  }
}

// The clock differs from one call to the next, as real ones do.
std::string Report(const std::string& out, double tick) {
  const ReproduceHooks hooks{.clock = [time = 0.0, tick]() mutable { return time += tick; }};
  ReproduceRequest request{.claims = "R5,R2", .out = out};
  EXPECT_TRUE(ApplyBudget("quick", &request).ok());
  request.seeds = request.size.epochs = 1;
  request.size.train_images = 60;
  request.size.device = "cpu";
  const Registry registry = ParseRegistry(ReadFile("reproducibility/claims/claims.json").value()).value();
  auto report = Reproduce(registry, request, hooks);
  EXPECT_TRUE(report.ok()) << report.status();
  ordered_json written = ordered_json::parse(ReadFile(out + "/report.json").value());
  RemoveTimes(written);
  return written.dump(1);
}

TEST(Determinism, TheSameReportTwice) {
  const std::string folder = NewFolder();
  const std::string once = Report(folder + "/once", 1), again = Report(folder + "/again", 1.7);
  EXPECT_GT(once.size(), 5000u);
  EXPECT_EQ(once, again);
}

}  // namespace
}  // namespace sid
