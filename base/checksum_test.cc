#include "base/checksum.h"

#include <gtest/gtest.h>

namespace sid {
namespace {

// The test vectors of FIPS 180-2.
TEST(Sha256, AgreesWithTheStandardHoweverTheBytesArePieced) {
  Sha256 pieces, large;
  pieces.Add("a");
  pieces.Add("");
  pieces.Add("bc");
  EXPECT_EQ(Sha256Of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(pieces.Hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  large.Add(std::string(1000000, 'a'));
  EXPECT_EQ(large.Hex(), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, TellsTextsApartThatJoinToTheSame) {
  Sha256 first, second;
  first.AddText("ab"), first.AddText("c");
  second.AddText("a"), second.AddText("bc");
  EXPECT_NE(first.Hex(), second.Hex());
}

}  // namespace
}  // namespace sid
