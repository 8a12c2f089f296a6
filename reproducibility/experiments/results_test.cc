#include "reproducibility/experiments/results.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/files.h"
#include "train/fields.h"

namespace sid {
namespace {

TrainConfig ConfigOf(const nlohmann::ordered_json& settings) {
  TrainConfig config;
  VisitFields(config, [&](auto& value, const Field& field) {
    if (settings.contains(field.name)) settings.at(field.name).get_to(value);
  });
  return config;
}

// Red where a new option would make every result anew: it is Saved::kLater then.
TEST(ResultName, CommittedResultsKeepTheirs) {
  int64_t results = 0;
  for (const auto& file : std::filesystem::directory_iterator("reproducibility/results/two_cores/runs")) {
    const auto result = nlohmann::ordered_json::parse(ReadFile(file.path()).value());
    TrainConfig config = ConfigOf(result.at("settings"));
    EXPECT_EQ(ResultName(config), file.path().filename());
    EXPECT_EQ(ResultSettings(config), result.at("settings"));
    config.probe_every = config.probe_every == 0 ? 1 : 0;
    EXPECT_NE(ResultName(config), file.path().filename());
    ++results;
  }
  EXPECT_GT(results, 100);
}

}  // namespace
}  // namespace sid
