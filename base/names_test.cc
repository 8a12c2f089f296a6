#include <gtest/gtest.h>

#include "base/text.h"

namespace sid {
namespace {

const std::vector<std::string> kLearners = {"sid", "bp-chain", "bp-deep", "bp-head"};

TEST(NearestName, FindsTypingErrors) {
  EXPECT_EQ(NearestName("bpchain", kLearners), "bp-chain");
  EXPECT_EQ(NearestName("sd", kLearners), "sid");
  EXPECT_EQ(NearestName("sdi", kLearners), "sid");
  EXPECT_EQ(NearestName("bp-dep", kLearners), "bp-deep");
}

TEST(NearestName, FindsBeginningsAndOtherCases) {
  EXPECT_EQ(NearestName("bp", kLearners), "bp-chain");
  EXPECT_EQ(NearestName("BP-Deep", kLearners), "bp-deep");
  EXPECT_EQ(NearestName("", kLearners), "");
}

TEST(NearestName, SuggestsNothingForWhatIsNoTypingError) { EXPECT_EQ(NearestName("transformer", kLearners), ""); }

TEST(UnknownName, SaysWhatThereIs) {
  EXPECT_EQ(UnknownName("learner", "bpchain", kLearners).message(),
            "unknown learner 'bpchain'; did you mean 'bp-chain'? There are: sid, bp-chain, bp-deep, bp-head");
  EXPECT_EQ(UnknownName("learner", "x-y-z-0", kLearners).message(),
            "unknown learner 'x-y-z-0'; There are: sid, bp-chain, bp-deep, bp-head");
}

TEST(FindName, CountsFromZeroAndReportsTheUnknown) {
  EXPECT_EQ(FindName("learner", "bp-chain", kLearners).value(), 1u);
  EXPECT_EQ(FindName("learner", "bpchain", kLearners).status(), UnknownName("learner", "bpchain", kLearners));
}

}  // namespace
}  // namespace sid
