// Ranks over c10d's Gloo against the serial loop, bit for bit, and what they say when one of them is not as it should be. Each rank is a thread
// here, with a learner and connections of its own; //pipeline:launch_test has processes.

#include "pipeline/rank_pipeline.h"

#include <latch>
#include <map>
#include <thread>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "pipeline/pipelines_for_tests.h"
#include "pipeline/ranks_for_tests.h"

namespace sid {
namespace {

// The given steps by `size` ranks, of which rank 0's learner is given. The others begin with one of their own.
Rows RunOnRanks(int size, const Kind& kind, SidLearner& learner, int64_t begin, int64_t end,
                const MakeLane& make_lane = nullptr) {
  const int port = FreePort();
  Rows rows;
  OnRanks(size, [&](int rank) {
    RankOptions options = Rank(rank, size, port);
    options.make_lane = make_lane;
    auto ranks = Ranks::Join(options, {});
    ASSERT_TRUE(ranks.ok()) << ranks.status();
    if (rank > 0) {
      const auto own = MakeLearner(kind);
      EXPECT_TRUE(ServeRank(**ranks, *own).ok());
      return;
    }
    const auto pipeline = MakeRankPipeline(**ranks, learner);
    pipeline->TakeState();
    rows = RunBy(*pipeline, begin, end);
  });
  return rows;
}

TEST(RankPipeline, GivesTheSerialBits) {
  RecordProperty("seed", std::to_string(kSeed));
  const OptimizerOptions sgd{.rule = OptimizerRule::kSgd, .clip_norm = 1};
  const std::vector<std::pair<int, Kind>> runs = {{2, {"resnet9", 2}},
                                                  {3, {"vit", 3, sgd, Divergence::kReverse}},
                                                  {4, {"simple-cnn", 4}},
                                                  {3, {"resnet9", 4, sgd, Divergence::kReverse}}};
  for (const auto& [size, kind] : runs) {
    SCOPED_TRACE(kind.network);
    const auto expected = MakeLearner(kind), actual = MakeLearner(kind);
    const Rows rows = RunSerially(*expected, 0, kSteps);
    ExpectSameBits(RunOnRanks(size, kind, *actual, 0, kSteps), rows);
    ExpectSameBits(*actual, *expected);
  }
}

// As between GPUs: what a rank computes with goes by lanes, all else beside them.
TEST(RankPipeline, GivesTheSerialBitsByLanes) {
  for (const auto& [size, kind] : {std::pair<int, Kind>(2, {"resnet9", 2}), {3, {"vit", 3}}}) {
    const int before = CountingLane::used;
    const auto expected = MakeLearner(kind), actual = MakeLearner(kind);
    const Rows rows = RunSerially(*expected, 0, kSteps);
    ExpectSameBits(RunOnRanks(size, kind, *actual, 0, kSteps, MakeLaneOfCpus), rows);
    ExpectSameBits(*actual, *expected);
    EXPECT_GE(CountingLane::used - before, (size - 1) * kSteps * 3) << "features, beliefs and labels";
  }
}

// A state that one process left goes on on two ranks, and what these leave on three.
TEST(RankPipeline, GoesOnWithAnyNumberOfRanks) {
  const Kind kind{"resnet9", 3};
  const auto expected = MakeLearner(kind), actual = MakeLearner(kind);
  const Rows rows = RunSerially(*expected, 0, 24);
  Rows seen = RunSerially(*actual, 0, 7);
  Append(RunOnRanks(2, kind, *actual, 7, 13), seen);
  Append(RunOnRanks(3, kind, *actual, 13, 24), seen);
  ExpectSameBits(seen, rows);
  ExpectSameBits(*actual, *expected);
}

// Of two workers: features, belief, labels and rate of a step, with their header; what goes home for the log does not count.
TEST(RankPipeline, CountsWhatTravelsInAStep) {
  const Kind kind{"simple-cnn", 2};
  const int port = FreePort();
  OnRanks(2, [&](int rank) {
    auto ranks = Ranks::Join(Rank(rank, 2, port), {});
    ASSERT_TRUE(ranks.ok()) << ranks.status();
    const auto learner = MakeLearner(kind);
    if (rank > 0) {
      EXPECT_TRUE(ServeRank(**ranks, *learner).ok());
      return;
    }
    const auto pipeline = MakeRankPipeline(**ranks, *learner);
    RunBy(*pipeline, 0, 4);
    int64_t features = 1;
    for (const int64_t size : learner->network().stages[0].blocks.back().output) features *= size;
    constexpr int64_t kHeader = 128 * 8, kOrder = 8, kRate = 8, kLabel = 8;
    EXPECT_EQ(pipeline->BytesPerStep(), kHeader + kOrder + kRate + 8 * (features * 4 + kClasses * 4 + kLabel));
  });
}

// What Join says on each rank.
std::map<int, std::string> JoinAll(const std::vector<RankOptions>& options,
                                   const std::vector<std::vector<std::pair<std::string, std::string>>>& settings) {
  std::vector<std::string> said(options.size());
  OnRanks(static_cast<int>(options.size()), [&](int k) {
    const auto ranks = Ranks::Join(options[k], settings[k]);
    said[k] = std::string(ranks.status().message());
  });
  std::map<int, std::string> by_rank;
  for (size_t k = 0; k < said.size(); ++k) by_rank[static_cast<int>(k)] = said[k];
  return by_rank;
}

TEST(Ranks, SayWhichSettingDiffers) {
  const int port = FreePort();
  const auto said = JoinAll({Rank(0, 2, port), Rank(1, 2, port)},
                            {{{"--alpha", "0.5"}, {"--seed", "1"}}, {{"--alpha", "0.5"}, {"--seed", "2"}}});
  for (const int rank : {0, 1})
    EXPECT_EQ(said.at(rank), "the ranks run different things: rank 0 has --seed=1, rank 1 has --seed=2");
}

TEST(Ranks, SayThatAnotherWorldSizeIsAnotherRun) {
  const int port = FreePort();
  const auto said = JoinAll({Rank(0, 2, port), Rank(1, 3, port)}, {{}, {}});
  for (const int rank : {0, 1})
    EXPECT_EQ(said.at(rank), "the ranks run different things: rank 0 has WORLD_SIZE=2, rank 1 has WORLD_SIZE=3");
}

TEST(Ranks, SayWhoHasNotCome) {
  const auto said = JoinAll({Rank(0, 2, FreePort(), /*seconds=*/1)}, {{}});
  EXPECT_EQ(said.at(0), "rank 0 has waited 1 s for rank 1, which has not come: were WORLD_SIZE=2 ranks started?");
}

// One that dies after it has come, before there are connections: only rank 0's store has heard of it.
TEST(Ranks, DoNotWaitLongForOneThatHasComeAndDied) {
  RankOptions first = Rank(0, 2, FreePort(), /*seconds=*/3600);
  first.join = std::chrono::seconds(2);
  std::thread dies([&] {
    c10d::TCPStoreOptions options;
    options.port = static_cast<uint16_t>(first.port);
    c10d::TCPStore store(first.address, options);
    store.c10d::Store::set("settings/1", R"([["WORLD_SIZE","2"]])");
    store.get("verdict");
  });
  const auto said = JoinAll({first}, {{}});
  dies.join();
  EXPECT_TRUE(said.at(0).starts_with("rank 0 cannot connect to the other ranks: ")) << said.at(0);
}

TEST(Ranks, SayThatThePortIsInUse) {
  const Listener other;
  const auto said = JoinAll({Rank(0, 2, other.port, /*seconds=*/1)}, {{}});
  EXPECT_TRUE(said.at(0).starts_with("rank 0 cannot listen on MASTER_PORT=")) << said.at(0);
  EXPECT_NE(said.at(0).find("the port is in use"), std::string::npos) << said.at(0);
  EXPECT_EQ(said.at(0).find('\n'), std::string::npos);
}

// A rank that ends in the middle ends the others too, at once, whatever they wait for, and all name the one that began it.
TEST(Ranks, AllSayWhichOneIsGone) {
  const Kind kind{"simple-cnn", 4};
  const int port = FreePort(), size = 4, leaves = 2;
  std::vector<std::string> said(size);
  std::latch others(size - 1);
  OnRanks(size, [&](int rank) {
    auto ranks = Ranks::Join(Rank(rank, size, port), {});
    ASSERT_TRUE(ranks.ok()) << ranks.status();
    if (rank == leaves) return others.count_down();
    const auto learner = MakeLearner(kind);
    try {
      if (rank > 0)
        EXPECT_FALSE(ServeRank(**ranks, *learner).ok());
      else
        RunBy(*MakeRankPipeline(**ranks, *learner), 0, kSteps);
    } catch (const RankLost& lost) {
      said[rank] = (*ranks)->TellFailure(lost.what());
    }
    // The store is rank 0's.
    if (rank == 0) {
      others.wait();
    } else {
      others.count_down();
    }
  });
  for (const int rank : {0, 1, 3})
    EXPECT_TRUE(said[rank].starts_with("rank 2 is gone: ")) << rank << ": " << said[rank];
}

// ... and one that is silent, within the ranks' timeout.
TEST(Ranks, SayWhichOneIsSilent) {
  const Kind kind{"simple-cnn", 2};
  const int port = FreePort();
  std::string said;
  std::latch heard(1);
  OnRanks(2, [&](int rank) {
    auto ranks = Ranks::Join(Rank(rank, 2, port, /*seconds=*/3), {});
    ASSERT_TRUE(ranks.ok()) << ranks.status();
    if (rank == 1) return heard.wait();
    const auto learner = MakeLearner(kind);
    try {
      RunBy(*MakeRankPipeline(**ranks, *learner), 0, kSteps);
    } catch (const RankLost& lost) {
      said = lost.what();
    }
    heard.count_down();
  });
  EXPECT_TRUE(said.starts_with("rank 1 is gone: ")) << said;
}

}  // namespace
}  // namespace sid
