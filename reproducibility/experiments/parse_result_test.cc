#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "base/files.h"
#include "base/json/text.h"
#include "reproducibility/experiments/results.h"

namespace sid {
namespace {

using nlohmann::ordered_json;
using testing::HasSubstr;

ordered_json Ended() {
  return ordered_json::parse(R"({
    "schema": 1,
    "settings": {
      "learner": "sid", "dataset": "mnist", "depth": 2, "initialisation": "kaiming", "belief_update": "replace",
      "alpha": "0.5", "divergence": "forward", "smoothing": 0.0, "extractor_gradient": "sum", "train_images": 0,
      "label_noise": 0.0, "epochs": 1, "lr": 0.001, "seed": 1},
    "best_epoch": 1,
    "seconds": 1.5,
    "test": {"accuracy": [0.5, 0.6], "divergence": [1.0, null]},
    "theory": {"divergence": [2.3, 1.0, 0.9], "sum_of_failures": 0.1, "fell_everywhere": 1, "largest_excess": null},
    "epochs": [{"validation": {"accuracy": [], "divergence": []}}]})");
}

ordered_json Failed() {
  ordered_json result = {{"schema", 1}, {"settings", Ended()["settings"]}, {"failed", "it exploded"}, {"classes", 10}};
  return result;
}

std::string ErrorOf(const std::string& text) {
  const absl::Status status = ParseResult(text, "runs/a.json").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(status.message().find('\n'), absl::string_view::npos);
  EXPECT_EQ(status.message().find("runs/a.json"), 0u) << status;
  return std::string(status.message());
}

std::string Sealed(ordered_json result) {
  Seal(result);
  return result.dump();
}

// Whole and sealed, but for what is at one place.
std::string ErrorWith(const std::string& place, const ordered_json& value, ordered_json result = Ended()) {
  result.at(ordered_json::json_pointer(place)) = value;
  return ErrorOf(Sealed(result));
}

TEST(ParseResult, OfARunThatEndedAndOfOneThatFailed) {
  EXPECT_TRUE(ParseResult(Sealed(Ended()), "a").ok()) << ParseResult(Sealed(Ended()), "a").status();
  EXPECT_TRUE(ParseResult(Sealed(Failed()), "a").ok()) << ParseResult(Sealed(Failed()), "a").status();
}

TEST(ParseResult, EveryCommittedOne) {
  for (const auto& file : std::filesystem::directory_iterator("reproducibility/results/two_cores/runs")) {
    const auto result = ParseResult(ReadFile(file.path().string()).value(), file.path().string());
    EXPECT_TRUE(result.ok()) << result.status();
  }
}

TEST(ParseResult, OtherFilesAndSchemas) {
  EXPECT_THAT(ErrorOf(""), HasSubstr("it is no JSON"));
  EXPECT_THAT(ErrorOf(std::string(1'000'000, '[')), HasSubstr("it nests deeper"));
  EXPECT_THAT(ErrorOf("[1]"), HasSubstr("it has no number 'schema'"));
  EXPECT_THAT(ErrorOf(R"({"schema": "1"})"), HasSubstr("it has no number 'schema'"));
  EXPECT_THAT(ErrorOf(Ended().dump()), HasSubstr("has no checksum"));
  EXPECT_THAT(ErrorOf(R"({"schema": 2})"), HasSubstr("has schema 2, and this program reads schema 1"));
  ordered_json changed = Ended();
  changed["sha256"] = 3;
  EXPECT_THAT(ErrorOf(changed.dump()), HasSubstr("was changed after"));
}

// A seal is no proof of sense: whoever edits a file can seal it anew.
TEST(ParseResult, WrongTypesAreNamedByTheirPlace) {
  EXPECT_THAT(ErrorWith("/settings", 3), HasSubstr("settings is 3, expected an object"));
  EXPECT_THAT(ErrorWith("/settings/seed", -1), HasSubstr("settings.seed is -1, expected a whole number from 0 on"));
  EXPECT_THAT(ErrorWith("/test/accuracy", ordered_json::array()), HasSubstr("test.accuracy is [], expected a list"));
  EXPECT_THAT(ErrorWith("/test/accuracy/0", nullptr), HasSubstr("test.accuracy[0] is null"));
  EXPECT_THAT(ErrorWith("/theory/divergence", {1.0}), HasSubstr("theory.divergence is [1.0]"));
  EXPECT_THAT(ErrorWith("/epochs", ordered_json::array()), HasSubstr("epochs is []"));
  EXPECT_THAT(ErrorWith("/best_epoch", 0), HasSubstr("best_epoch is 0 of 1"));
  EXPECT_THAT(ErrorWith("/best_epoch", 2), HasSubstr("best_epoch is 2 of 1"));
  EXPECT_THAT(ErrorWith("/seconds", "1"), HasSubstr("seconds is \"1\""));
  EXPECT_THAT(ErrorWith("/classes", 0, Failed()), HasSubstr("classes is 0"));
  EXPECT_THAT(ErrorWith("/failed", 1, Failed()), HasSubstr("failed is 1"));
  ordered_json ruled = Ended();
  ruled["rules"] = {{"C1", 7}};
  EXPECT_THAT(ErrorOf(Sealed(ruled)), HasSubstr("rules.C1 is 7, expected a text"));
}

TEST(NumberOf, WhatIsNotFiniteIsNull) {
  for (const double number : std::initializer_list<double>{INFINITY, -INFINITY, std::nan("")}) {
    EXPECT_EQ(NumberOrNull(number), nullptr);
    EXPECT_TRUE(std::isnan(NumberOf(NumberOrNull(number))));
  }
  EXPECT_EQ(NumberOf(NumberOrNull(0.5)), 0.5);
}

TEST(Seal, SurvivesAnotherLayoutAndNoOtherNumber) {
  ordered_json document = Ended();
  Seal(document);
  EXPECT_TRUE(ParseResult(document.dump(4), "a").ok());
  EXPECT_TRUE(ParseResult(nlohmann::json(document).dump(), "a").ok()) << "in another order";
  document["seconds"] = 2.5;
  EXPECT_THAT(ErrorOf(document.dump()), HasSubstr("runs/a.json was changed"));
  EXPECT_TRUE(ParseResult(Sealed(document), "a").ok());
}

// A path may hold any bytes.
TEST(Seal, SurvivesBytesThatAreNoText) {
  ordered_json document = Failed();
  document["failed"] = "cannot open /data/\xff";
  Seal(document);
  EXPECT_TRUE(ParseResult(ToText(document), "a").ok()) << ParseResult(ToText(document), "a").status();
}

}  // namespace
}  // namespace sid
