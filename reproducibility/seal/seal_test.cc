#include "reproducibility/seal/seal.h"

#include <gtest/gtest.h>

#include "base/json/parse.h"
#include "base/json/write.h"

namespace sid {
namespace {

TEST(Sha256, OfTheStandardsExample) {
  EXPECT_EQ(Sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Seal, SurvivesAnotherLayoutAndNoOtherNumber) {
  nlohmann::ordered_json document = {{"b", 0.1}, {"a", {1, 2}}};
  EXPECT_FALSE(CheckSeal(document, "x.json").ok());
  Seal(document);
  EXPECT_TRUE(CheckSeal(document, "x.json").ok());
  EXPECT_TRUE(CheckSeal(nlohmann::ordered_json::parse(document.dump(4)), "x.json").ok());
  document["b"] = 0.2;
  EXPECT_NE(CheckSeal(document, "x.json").message().find("x.json was changed"), absl::string_view::npos);
  Seal(document);
  EXPECT_TRUE(CheckSeal(document, "x.json").ok());
}

// A path may hold any bytes.
TEST(Seal, SurvivesBytesThatAreNoText) {
  nlohmann::ordered_json document = {{"error", "cannot open /data/\xff"}};
  Seal(document);
  const auto read = ParseJson(ToText(document));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE(CheckSeal(*read, "x.json").ok());
}

TEST(CheckSeal, OfWhatIsNoObject) { EXPECT_FALSE(CheckSeal(nlohmann::ordered_json::array({1}), "x.json").ok()); }

}  // namespace
}  // namespace sid
