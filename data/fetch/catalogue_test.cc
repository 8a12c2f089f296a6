#include "data/fetch/catalogue.h"

#include <gtest/gtest.h>

#include <set>

#include "absl/strings/match.h"

namespace sid {
namespace {

TEST(Catalogue, EveryEntryIsComplete) {
  std::set<std::string> checksums;
  for (const OfficialDataset& dataset : Catalogue()) {
    EXPECT_FALSE(dataset.downloads.empty()) << dataset.name;
    EXPECT_EQ(dataset.is_archive, !dataset.files.empty()) << dataset.name;
    EXPECT_TRUE(!dataset.is_archive || dataset.downloads.size() == 1) << dataset.name;
    for (const RemoteFile& file : dataset.downloads) {
      EXPECT_TRUE(absl::StartsWith(file.url, "http")) << file.url;
      EXPECT_GT(file.bytes, 0) << file.url;
      EXPECT_EQ(file.checksum.hex.size(), file.checksum.kind == ChecksumKind::kMd5 ? 32u : 64u) << file.url;
      EXPECT_EQ(file.checksum.hex.find_first_not_of("0123456789abcdef"), std::string::npos) << file.url;
      EXPECT_TRUE(checksums.insert(file.checksum.hex).second) << file.url << " has another file's checksum";
    }
  }
}

TEST(Catalogue, AnUnknownNameGetsTheNearest) {
  EXPECT_EQ(FindOfficialDataset("cifar100").value().folder, "cifar-100-binary");
  EXPECT_EQ(FindOfficialDataset("cifar-10").status().message(),
            "unknown data set 'cifar-10'; did you mean 'cifar10'? There are: cifar10, cifar100, tiny-imagenet, mnist");
}

}  // namespace
}  // namespace sid
