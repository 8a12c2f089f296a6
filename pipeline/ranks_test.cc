#include "pipeline/ranks.h"

#include <ATen/ops/ones.h>

#include <barrier>
#include <map>

#include "pipeline/ranks_for_tests.h"

namespace sid {
namespace {

// As the links of a rank on a GPU begin theirs, each on a thread of its own.
TEST(Ranks, LanesMayBeginAtOnce) {
  constexpr int kThreads = 8, kLanes = 50;
  RankOptions options = Rank(0, 1, FreePort());
  options.make_lane = MakeLaneOfCpus;
  auto ranks = Ranks::Join(options, {});
  ASSERT_TRUE(ranks.ok()) << ranks.status();
  std::barrier ready(kThreads);
  OnRanks(kThreads, [&](int thread) {
    for (int k = 0; k < kLanes; ++k) {
      const Lane lane = (*ranks)->OpenLane(std::to_string(thread * kLanes + k), /*rank=*/0, /*size=*/1);
      ready.arrive_and_wait();
      std::vector<at::Tensor> sum = {at::ones({1})};
      lane->allreduce(sum)->wait();
      EXPECT_EQ(sum[0].item<float>(), 1);
    }
  });
}

TEST(RanksFromEnvironment, NamesWhatIsMissingOrWrong) {
  const auto parse = [](const std::map<std::string, std::string>& variables) {
    return RanksFromEnvironment([&](const char* name) -> const char* {
      const auto found = variables.find(name);
      return found == variables.end() ? nullptr : found->second.c_str();
    });
  };
  EXPECT_EQ(parse({})->size, 1);
  EXPECT_EQ(parse({{"WORLD_SIZE", "1"}})->size, 1);
  const std::map<std::string, std::string> whole = {
      {"WORLD_SIZE", "3"}, {"RANK", "2"}, {"MASTER_PORT", "29500"}, {"MASTER_ADDR", "node7"}};
  EXPECT_EQ(parse(whole)->rank, 2);
  EXPECT_EQ(parse(whole)->port, 29500);
  EXPECT_EQ(parse(whole)->address, "node7");
  EXPECT_EQ(parse(whole)->local_rank, 0);
  auto local = whole;
  local["LOCAL_RANK"] = "1";
  EXPECT_EQ(parse(local)->local_rank, 1);
  local["LOCAL_RANK"] = "3";
  EXPECT_EQ(parse(local).status().message(), "LOCAL_RANK=3 is no number from 0 to 2");
  for (const char* name : {"RANK", "MASTER_PORT", "MASTER_ADDR"}) {
    auto part = whole;
    part.erase(name);
    EXPECT_NE(parse(part).status().message().find(name), absl::string_view::npos) << parse(part).status();
  }
  for (const char* rank : {"3", "-1", "x", ""}) {
    auto wrong = whole;
    wrong["RANK"] = rank;
    EXPECT_EQ(parse(wrong).status().message(), std::string("RANK=") + rank + " is no number from 0 to 2");
  }
}

}  // namespace
}  // namespace sid
