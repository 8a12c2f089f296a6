#pragma once

// A run of a moment and what it leaves, for tests that break it off.

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "base/files.h"
#include "data/loaders/files_for_tests.h"
#include "train/run.h"

namespace sid {

inline std::string FreshPath(const std::string& name) {
  std::string path = testing::TempDir() + "/" + name;
  std::filesystem::remove_all(path);
  return path;
}

// Two epochs of two steps, a checkpoint after each.
inline TrainConfig Small(const std::string& out) {
  TrainConfig config;
  config.dataset = "mnist";
  config.data_dir = testing::TempDir() + "/digits";
  config.validation_fraction = 0.2;
  config.depth = 2;
  config.hidden = config.features = 8;
  config.epochs = 2;
  config.device = "cpu";
  config.threads = 1;
  config.out = out;
  config.checkpoint_every = 1;
  config.probe_every = 2;
  if (!std::filesystem::exists(config.data_dir)) WriteMnist(config.data_dir, 60, 20);
  return config;
}

inline void NoWarning(const std::string& what) { ADD_FAILURE() << what; }

// Stopped where `stop` says so; what it shows goes to `told`.
inline absl::Status TryToRun(
    const TrainConfig& config, std::string* told = nullptr, const std::function<bool()>& stop = [] { return false; },
    const std::function<void(const std::string&)>& warn = NoWarning) {
  std::ostringstream out;
  absl::StatusOr<Run> run = BeginRun(config, warn);
  if (!run.ok()) return run.status();
  const auto clock = [time = 0.0]() mutable { return time += 1; };
  absl::Status status = CompleteRun({out, clock, [] { return 0.0; }, 0, stop}, *run);
  if (told != nullptr) *told += out.str();
  return status;
}

// What a run leaves, without the times in it.
inline std::string Result(const std::string& folder) {
  std::string text = ReadFile(folder + "/weights.safetensors").value();
  std::istringstream metrics(ReadFile(folder + "/metrics.jsonl").value());
  for (std::string line; std::getline(metrics, line);) {
    auto record = nlohmann::json::parse(line);
    record.erase("seconds");
    text += record.dump() + "\n";
  }
  text += ReadFile(folder + "/events.out.tfevents.sid").value();
  auto summary = nlohmann::json::parse(ReadFile(folder + "/summary.json").value());
  summary.erase("seconds");
  return text + summary.dump();
}

// With the result of a run that nothing has broken off, in the folder "unbroken".
class Unbroken : public testing::Test {
 protected:
  void SetUp() override {
    const std::string folder = FreshPath("unbroken");
    ASSERT_TRUE(TryToRun(Small(folder)).ok());
    expected_ = Result(folder);
  }
  std::string expected_;
};

}  // namespace sid
