// Faults of the disk in a whole run, and in one that goes on: every call fails once, and none costs a bit.

#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>

#include "base/faulty_system_calls.h"
#include "train/small_run_for_tests.h"

namespace sid {
namespace {

using Faults = Unbroken;

// A full disk at every write, every other error of a call.
class EveryFault : public Unbroken, public testing::WithParamInterface<Fault> {
 protected:
  // Tries it under the fault, at place `bad`: one clear line. Then without: the bits of the unbroken run. Returns whether the
  // fault happened.
  bool CostsNothing(TrainConfig config, int64_t bad) {
    Fault fault = GetParam();
    fault.place = bad;
    bool happened = false;
    absl::Status status;
    {
      FaultySystemCalls calls(fault);
      // A checkpoint that cannot be read now is passed over.
      status = TryToRun(
          config, nullptr, [] { return false; }, [](const std::string&) {});
      happened = calls.happened();
    }
    for (const char* wrong : {"\n", "another process"})
      EXPECT_EQ(status.message().find(wrong), absl::string_view::npos) << bad << " " << status;
    if (fault.error == ENOSPC && happened) {
      EXPECT_TRUE(absl::IsResourceExhausted(status)) << bad << " " << status;
    }
    config.resume = true;
    status = TryToRun(config);
    EXPECT_TRUE(status.ok()) << bad << " " << status;
    if (status.ok()) {
      EXPECT_TRUE(Result(config.out) == expected_) << bad;
    }
    return happened;
  }
};

TEST_P(EveryFault, CostsNoBitOfARun) {
  for (int64_t bad = 0; CostsNothing(Small(FreshPath("faulty")), bad); bad += bad < 10 ? 1 : 11) ASSERT_LT(bad, 1000);
}

TEST_P(EveryFault, CostsNoBitOfARunThatGoesOn) {
  TrainConfig config = Small(FreshPath("stopped"));
  ASSERT_TRUE(absl::IsCancelled(TryToRun(config, nullptr, [asked = 0]() mutable { return ++asked == 2; })));
  const std::string stopped = config.out;
  config.out += "-and-on";
  config.resume = true;
  const auto fresh = [&] {
    std::filesystem::remove_all(config.out);
    std::filesystem::copy(stopped, config.out, std::filesystem::copy_options::recursive);
    return config;
  };
  for (int64_t bad = 0; CostsNothing(fresh(), bad); bad += bad < 3 ? 1 : 9) ASSERT_LT(bad, 1000);
}

INSTANTIATE_TEST_SUITE_P(All, EveryFault,
                         testing::Values(Fault{.calls = Fault::Calls::kWrites, .error = ENOSPC, .stays = true},
                                         Fault{.calls = Fault::Calls::kAll, .error = EIO},
                                         Fault{.calls = Fault::Calls::kRenames, .error = EACCES}),
                         [](const auto& info) { return "Errno" + std::to_string(info.param.error); });

TEST_F(Faults, ShortReadsAndWritesAreMadeUp) {
  for (const Fault::Calls kind : {Fault::Calls::kWrites, Fault::Calls::kReads}) {
    FaultySystemCalls calls({.calls = kind, .stays = true, .is_short = true});
    const TrainConfig config = Small(FreshPath("short"));
    ASSERT_TRUE(TryToRun(config).ok());
    EXPECT_TRUE(Result(config.out) == expected_);
  }
}

}  // namespace
}  // namespace sid
