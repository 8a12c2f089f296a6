#include "sid/network/partition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "sid/network/architectures.h"

namespace sid {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::vector<Block> BlocksOf(const std::string& name) { return MakeArchitecture({.name = name}).value().blocks; }

// Blocks that cost what the lists say.
std::vector<Block> Costing(const std::vector<double>& flops, const std::vector<double>& activations) {
  std::vector<Block> blocks(flops.size());
  for (size_t b = 0; b < blocks.size(); ++b) blocks[b].cost = {flops[b], activations[b]};
  return blocks;
}

TEST(ParsePartition, ReadsWhatTheHeaderShows) {
  const std::vector<Block> blocks = BlocksOf("resnet9");
  EXPECT_THAT(ParsePartition("shared", 3, blocks).value(), ElementsAre(6, 0, 0));
  EXPECT_THAT(ParsePartition("shared:8", 3, blocks).value(), ElementsAre(6, 0, 0, 0, 0, 0, 0, 0));
  EXPECT_THAT(ParsePartition("even:4", 3, blocks).value(), ElementsAre(1, 1, 2, 2));
  EXPECT_THAT(ParsePartition("lean:4", 3, blocks).value(), ElementsAre(1, 1, 1, 3));
  EXPECT_THAT(ParsePartition("3,0,3,0", 3, blocks).value(), ElementsAre(3, 0, 3, 0));
  EXPECT_THAT(ParsePartition("6", 3, blocks).value(), ElementsAre(6));
  EXPECT_THAT(ParsePartition("even:6", 3, blocks).value(), ElementsAre(1, 1, 1, 1, 1, 1));
}

TEST(ParsePartition, EvenBalancesFlopsAndLeanActivations) {
  const std::vector<Block> blocks = Costing({1, 1, 1, 1, 4}, {4, 1, 1, 1, 1});
  EXPECT_THAT(ParsePartition("even:2", 9, blocks).value(), ElementsAre(4, 1));
  EXPECT_THAT(ParsePartition("even", 2, blocks).value(), ElementsAre(4, 1));
  EXPECT_THAT(ParsePartition("lean:2", 9, blocks).value(), ElementsAre(1, 4));
  EXPECT_THAT(ParsePartition("lean", 2, blocks).value(), ElementsAre(1, 4));
}

TEST(ParsePartition, RefusesInOneLineThatNamesTheText) {
  const std::vector<Block> blocks = BlocksOf("resnet9");
  for (const char* text : {"",
                           "5",
                           "3,4",
                           "3,2,",
                           "0,6",
                           "0,0,3,3",
                           "-1,7",
                           "3,three",
                           "sharde:4",
                           "3.0,3",
                           "3;3",
                           "99999999999999999999,6",
                           "9223372036854775807,9223372036854775807,8",
                           "shared:",
                           "shared:0",
                           "shared:-1",
                           "shared:100001",
                           "shared:many",
                           "shared:3:3",
                           "even:0",
                           "even:7",
                           "lean:7",
                           "even:3,3",
                           "lean:1e1"}) {
    const absl::Status status = ParsePartition(text, 3, blocks).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(status.message(), AllOf(HasSubstr(absl::StrCat("partition '", text, "'")), Not(HasSubstr("\n"))));
  }
  EXPECT_FALSE(ParsePartition("even", 7, blocks).ok());
  EXPECT_THAT(ParsePartition("even:7", 3, blocks).status().message(),
              HasSubstr("7 modules that own blocks, and the network has 6"));
  EXPECT_THAT(ParsePartition("0,6", 3, blocks).status().message(), HasSubstr("first module"));
  EXPECT_THAT(ParsePartition("3,4", 3, blocks).status().message(), HasSubstr("6 blocks"));
}

// Every way to cut costs[begin ..] into that many runs.
std::vector<Partition> Splits(int64_t count, int64_t modules) {
  if (modules == 1) return {{count}};
  std::vector<Partition> all;
  for (int64_t first = 1; first <= count - modules + 1; ++first) {
    for (Partition rest : Splits(count - first, modules - 1)) {
      rest.insert(rest.begin(), first);
      all.push_back(rest);
    }
  }
  return all;
}

double MostExpensive(const std::vector<double>& costs, const Partition& partition) {
  double most = 0;
  auto cost = costs.begin();
  for (const int64_t blocks : partition) {
    double run = 0;
    for (int64_t b = 0; b < blocks; ++b) run += *cost++;
    most = std::max(most, run);
  }
  return most;
}

// Whole numbers, so that sums are exact and ties occur.
TEST(Balance, IsTheBestOfAllSplits) {
  std::mt19937 random(1);
  for (int trial = 0; trial < 300; ++trial) {
    const auto count = static_cast<int64_t>(1 + random() % 9), modules = static_cast<int64_t>(1 + random() % count);
    std::vector<double> costs(count);
    for (double& cost : costs) cost = static_cast<double>(random() % 12);
    double best = std::numeric_limits<double>::infinity();
    int64_t fewest_first = count;
    for (const Partition& split : Splits(count, modules)) {
      const double most = MostExpensive(costs, split);
      if (most < best) fewest_first = count;
      best = std::min(best, most);
      if (most == best) fewest_first = std::min(fewest_first, split[0]);
    }
    const Partition partition = Balance(costs, modules);
    SCOPED_TRACE(testing::PrintToString(costs) + " " + testing::PrintToString(partition));
    ASSERT_EQ(static_cast<int64_t>(partition.size()), modules);
    EXPECT_EQ(std::accumulate(partition.begin(), partition.end(), int64_t{0}), count);
    EXPECT_GE(*std::min_element(partition.begin(), partition.end()), 1);
    EXPECT_EQ(MostExpensive(costs, partition), best);
    EXPECT_EQ(partition[0], fewest_first);
  }
}

}  // namespace
}  // namespace sid
