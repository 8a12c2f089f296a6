#include "train/output/report_page.h"

#include <gtest/gtest.h>

#include <string>

#include "base/files.h"
#include "data/loaders/files_for_tests.h"

namespace sid {
namespace {

using nlohmann::ordered_json;

const ordered_json kConfig = {
    {"settings", {{"learner", "sid"}, {"dataset", "<mnist> & more"}, {"network", "simple-cnn"}, {"depth", 3}}},
    {"commit", "abc"}};
const ordered_json kSummary = {{"test_accuracy", {0.5, 0.625, 0.75}},
                               {"test_divergence", {2.0, 1.5, 1.25}},
                               {"test_loss", {nullptr, 1.0, 0.5}},
                               {"best_epoch", 2},
                               {"epochs", 2},
                               {"seconds", 12.5}};

ordered_json Epoch(int number) {
  return {{"epoch", number},
          {"train_loss", 1.0 / number},
          {"train_accuracy", 0.5},
          {"validation_accuracy", {0.4, 0.5, 0.6}},
          {"validation_divergence", {2.0, nullptr, 1.0}}};
}

int Count(const std::string& text, const std::string& part) {
  int count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(ReportPage, ShowsCurvesTableAndSettings) {
  const std::string page = ReportPage(kConfig, {Epoch(1), Epoch(2)}, kSummary);
  EXPECT_EQ(Count(page, "<svg"), 4);
  EXPECT_EQ(Count(page, "</svg>"), 4);
  EXPECT_EQ(Count(page, "validation, depth 3</span>"), 2);
  EXPECT_NE(page.find("<tr><td>1</td><td>50.00 %</td><td>2</td><td>-</td></tr>"), std::string::npos);
  EXPECT_NE(page.find("Test accuracy 75.00 % at the last depth, with the weights of epoch 2 of 2"), std::string::npos);
  EXPECT_NE(page.find("<tr><td>commit</td><td>abc</td></tr>"), std::string::npos);
  EXPECT_NE(page.find("&lt;mnist&gt; &amp; more"), std::string::npos);
  EXPECT_EQ(page.find("<mnist>"), std::string::npos);
  EXPECT_EQ(page.find("nan"), std::string::npos);
}

TEST(ReportPage, AsksForNothingElsewhere) {
  const std::string page = ReportPage(kConfig, {Epoch(1)}, kSummary);
  for (const char* sign : {"<script", "src=", "http", "url(", "@import"})
    EXPECT_EQ(page.find(sign), std::string::npos) << sign;
}

// Without a validation part, of one module, and after a log that was lost.
TEST(ReportPage, DoesWithWhatThereIs) {
  EXPECT_EQ(Count(ReportPage(kConfig, {{{"epoch", 1}, {"train_loss", 1.0}}}, kSummary), "<svg"), 4);
  EXPECT_EQ(Count(ReportPage(kConfig, {}, {{"test_accuracy", {0.5}}}), "<svg"), 2);
  EXPECT_EQ(Count(ReportPage(ordered_json::object(), {}, ordered_json::object()), "<svg"), 2);
}

TEST(ReportPage, StaysSmall) {
  std::vector<ordered_json> epochs;
  for (int epoch = 1; epoch <= 300; ++epoch) epochs.push_back(Epoch(epoch));
  EXPECT_LT(ReportPage(kConfig, epochs, kSummary).size(), size_t{100} << 10);
}

TEST(ReportPage, IsMadeOfTheFolder) {
  const std::string folder = NewFolder();
  EXPECT_FALSE(WriteReportPage(folder).ok());
  ASSERT_TRUE(WriteFileAtomically(folder + "/config.json", kConfig.dump()).ok());
  ASSERT_TRUE(WriteFileAtomically(folder + "/summary.json", kSummary.dump()).ok());
  const std::string lines = Epoch(1).dump() + "\n{\"probe\": 3}\nbroken\n" + Epoch(2).dump() + "\n";
  ASSERT_TRUE(WriteFileAtomically(folder + "/metrics.jsonl", lines).ok());
  ASSERT_TRUE(WriteReportPage(folder).ok());
  EXPECT_EQ(ReadFile(folder + "/report.html").value(), ReportPage(kConfig, {Epoch(1), Epoch(2)}, kSummary));
}

}  // namespace
}  // namespace sid
