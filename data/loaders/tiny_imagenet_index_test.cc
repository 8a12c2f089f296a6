#include "data/loaders/tiny_imagenet_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/unprivileged_for_tests.h"
#include "data/loaders/files_for_tests.h"

namespace sid {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

// Two classes, three images to train and two to validate; their bytes do not matter here.
class TinyImagenetIndexTest : public testing::Test {
 protected:
  void SetUp() override {
    Write("wnids.txt", "n02\nn01\n");
    Write("words.txt", "n00\tentity\nn01\tgoldfish, Carassius auratus\nn02\treel\n");
    Write("train/n02/images/n02_1.JPEG", "a");
    Write("train/n02/images/n02_0.JPEG", "b");
    Write("train/n02/n02_boxes.txt", "n02_0.JPEG\t0\t0\t9\t9\n");
    Write("train/n01/images/n01_0.JPEG", "c");
    Write("val/images/val_0.JPEG", "d");
    Write("val/images/val_1.JPEG", "e");
    Write("val/val_annotations.txt", "val_1.JPEG\tn01\t0\t0\t9\t9\nval_0.JPEG\tn02\t0\t0\t9\t9\n");
  }

  void Write(const std::string& name, const std::string& bytes) { WriteTestFile(folder_ + "/" + name, bytes); }

  std::string Error() const { return std::string(ReadTinyImagenetIndex(folder_).status().message()); }

  uint64_t Fingerprint() const { return ReadTinyImagenetIndex(folder_).value().fingerprint; }

  const std::string folder_ = NewFolder() + "/set";
};

TEST_F(TinyImagenetIndexTest, ListsClassesAndImages) {
  const TinyImagenetIndex index = ReadTinyImagenetIndex(folder_).value();
  EXPECT_EQ(index.class_names, (std::vector<std::string>{"reel", "goldfish, Carassius auratus"}));
  EXPECT_EQ(index.train.labels, (std::vector<int64_t>{0, 0, 1}));
  EXPECT_EQ(index.validation.labels, (std::vector<int64_t>{1, 0}));
  ASSERT_EQ(index.train.size(), 3);
  EXPECT_TRUE(absl::EndsWith(index.train.paths[0], "/set/train/n02/images/n02_0.JPEG")) << index.train.paths[0];
  EXPECT_TRUE(absl::EndsWith(index.train.paths[2], "/set/train/n01/images/n01_0.JPEG")) << index.train.paths[2];
  EXPECT_TRUE(absl::EndsWith(index.validation.paths[0], "/set/val/images/val_1.JPEG")) << index.validation.paths[0];
}

TEST_F(TinyImagenetIndexTest, TheFingerprintIsThatOfTheImages) {
  const uint64_t original = Fingerprint();
  EXPECT_EQ(Fingerprint(), original);
  fs::copy(folder_, folder_ + "-copy", fs::copy_options::recursive);  // with other times of change
  EXPECT_NE(ReadTinyImagenetIndex(folder_ + "-copy").value().fingerprint, original);
  fs::rename(folder_, folder_ + "-moved");
  EXPECT_EQ(ReadTinyImagenetIndex(folder_ + "-moved").value().fingerprint, original);
}

TEST_F(TinyImagenetIndexTest, EveryChangeOfAnImageChangesTheFingerprint) {
  const std::string image = folder_ + "/train/n01/images/n01_0.JPEG";
  const auto time = fs::last_write_time(image);
  uint64_t before = Fingerprint();
  const auto changes = [&](const char* what) {
    const uint64_t now = Fingerprint();
    EXPECT_NE(now, before) << what;
    before = now;
  };
  const auto later = time + std::chrono::nanoseconds(1);
  fs::last_write_time(image, later);
  changes("nanoseconds");
  fs::last_write_time(image, later + std::chrono::seconds(1));
  changes("seconds");
  Write("train/n01/images/n01_0.JPEG", "longer");
  fs::last_write_time(image, later + std::chrono::seconds(1));
  changes("size");
  fs::rename(image, folder_ + "/train/n01/images/n01_5.JPEG");
  changes("name");
  Write("train/n02/images/n02_7.JPEG", "new");
  changes("one more");
  Write("val/val_annotations.txt", "val_0.JPEG\tn02\nval_1.JPEG\tn01\n");
  changes("order");
}

TEST_F(TinyImagenetIndexTest, WhatIsMissingIsNamed) {
  for (const std::string name : {"wnids.txt", "words.txt", "train/n01", "val/images", "val/val_annotations.txt"}) {
    fs::rename(folder_ + "/" + name, folder_ + "/away");
    EXPECT_THAT(Error(), AllOf(HasSubstr(folder_ + "/" + name), HasSubstr("--dataset=tiny-imagenet")));
    fs::rename(folder_ + "/away", folder_ + "/" + name);
  }
  fs::remove(folder_ + "/val/images/val_0.JPEG");
  EXPECT_THAT(Error(), HasSubstr("cannot look at " + folder_ + "/val/images/val_0.JPEG: No such file"));
  fs::remove(folder_ + "/train/n01/images/n01_0.JPEG");
  EXPECT_THAT(Error(), HasSubstr("class n01 of wnids.txt has no .JPEG in " + folder_ +
                                 "/train/n01/images; take it out of wnids.txt, or get the set again"));
}

TEST_F(TinyImagenetIndexTest, DotFilesAreNoData) {
  const TinyImagenetIndex before = ReadTinyImagenetIndex(folder_).value();
  for (const char* name :
       {"train/n01/images/._n01_0.JPEG", "train/n02/._n02", "val/images/._val_0.JPEG", "val/.DS_Store"})
    Write(name, "macOS");
  EXPECT_EQ(Error(), "");
  EXPECT_EQ(ReadTinyImagenetIndex(folder_).value().train.paths, before.train.paths);
  EXPECT_EQ(Fingerprint(), before.fingerprint);
}

TEST_F(TinyImagenetIndexTest, ByteOrderMarksAndBlanksAreNoPartOfNames) {
  Write("wnids.txt", "\xef\xbb\xbfn02\r\nn01 \r\n");
  Write("words.txt", "\xef\xbb\xbfn02\treel\r\nn01\tgoldfish\r\n");
  Write("val/val_annotations.txt", "\xef\xbb\xbfval_1.JPEG\tn01\r\nval_0.JPEG\tn02\r\n");
  EXPECT_EQ(ReadTinyImagenetIndex(folder_).value().class_names, (std::vector<std::string>{"reel", "goldfish"}));
}

TEST_F(TinyImagenetIndexTest, ImagesMayLieInTheClassFolderItself) {
  fs::rename(folder_ + "/train/n01/images/n01_0.JPEG", folder_ + "/train/n01/n01_0.JPEG");
  fs::remove(folder_ + "/train/n01/images");
  const TinyImagenetIndex index = ReadTinyImagenetIndex(folder_).value();
  EXPECT_EQ(index.train.paths[2], folder_ + "/train/n01/n01_0.JPEG");
}

TEST_F(TinyImagenetIndexTest, ValidationImagesMayBeSortedByClass) {
  for (const std::string below : {"", "/images"}) {
    fs::remove_all(folder_ + "/val");
    fs::create_directories(folder_ + "/val/images");
    Write("val/n01" + below + "/val_1.JPEG", "e");
    Write("val/n02" + below + "/val_0.JPEG", "d");
    const TinyImagenetIndex index = ReadTinyImagenetIndex(folder_).value();
    EXPECT_EQ(index.validation.labels, (std::vector<int64_t>{0, 1}));
    EXPECT_EQ(index.validation.paths[1], folder_ + "/val/n01" + below + "/val_1.JPEG");
  }
  fs::remove(folder_ + "/val/n01/images/val_1.JPEG");
  EXPECT_EQ(ReadTinyImagenetIndex(folder_).value().validation.labels, (std::vector<int64_t>{0}));
  fs::remove_all(folder_ + "/val/n01");
  EXPECT_THAT(Error(), HasSubstr("cannot list " + folder_ + "/val/n01"));
}

TEST_F(TinyImagenetIndexTest, TextsMustFit) {
  Write("val/val_annotations.txt", "val_1.JPEG\tn01\n");
  EXPECT_THAT(Error(), HasSubstr("val_annotations.txt: it has no class for val_0.JPEG"));
  Write("val/val_annotations.txt", "val_1.JPEG\tn01\nval_1.JPEG\tn01\n");
  EXPECT_THAT(Error(), HasSubstr("val_1.JPEG stands there twice"));
  Write("val/val_annotations.txt", "val_1.JPEG\tn07\n");
  EXPECT_THAT(Error(), HasSubstr("val_1.JPEG has class n07, which wnids.txt does not name"));
  Write("val/val_annotations.txt", "val_1.JPEG\n");
  EXPECT_THAT(Error(), HasSubstr("'val_1.JPEG' is not: file <tab> class"));
  Write("words.txt", "n01\tgoldfish\n");
  EXPECT_THAT(Error(), HasSubstr("words.txt: it has no name for class n02"));
  Write("wnids.txt", "n01\nn01\n");
  EXPECT_THAT(Error(), HasSubstr("class n01 stands there twice"));
  Write("wnids.txt", "");
  EXPECT_THAT(Error(), HasSubstr("wnids.txt: it names no class"));
}

TEST_F(TinyImagenetIndexTest, NoNameLeadsOutOfTheFolder) {
  WriteTestFile(folder_ + "/../secret.JPEG", "x");
  for (const char* name : {"../../../secret.JPEG", "/etc/passwd", "..", ".", "sub/val_0.JPEG"}) {
    Write("val/val_annotations.txt", absl::StrCat(name, "\tn01\n"));
    EXPECT_THAT(Error(), AllOf(HasSubstr(name), HasSubstr("is no plain name")));
  }
  Write("wnids.txt", "../n01\n");
  EXPECT_THAT(Error(), HasSubstr("is no plain name"));
}

// A set on a scratch disk is linked from the home.
TEST_F(TinyImagenetIndexTest, TheOwnersLinksMayLeadAnywhere) {
  const std::string outside = folder_ + "-elsewhere";
  fs::create_directories(outside);
  fs::rename(folder_ + "/train", outside + "/train");
  fs::create_directory_symlink(outside + "/train", folder_ + "/train");
  fs::rename(folder_ + "/val/images/val_0.JPEG", outside + "/val_0.JPEG");
  const std::string image = folder_ + "/val/images/val_0.JPEG";
  fs::create_symlink(outside + "/val_0.JPEG", image);
  EXPECT_EQ(Error(), "");
  fs::remove(image);
  fs::create_symlink("/gone/val_0.JPEG", image);
  EXPECT_THAT(Error(), HasSubstr(image + ": No such file or directory (it is a symbolic link to /gone/val_0.JPEG)"));
}

TEST_F(TinyImagenetIndexTest, WhatIsClosedIsNotMissing) {
  chmod((folder_ + "/train/n01").c_str(), 0);
  {
    const Unprivileged nobody;
    EXPECT_THAT(Error(), AllOf(HasSubstr("Permission denied ("), testing::Not(HasSubstr("downloads"))));
  }
  chmod((folder_ + "/train/n01").c_str(), 0755);
}

TEST_F(TinyImagenetIndexTest, TheFolderItselfMayBeALink) {
  fs::create_directory_symlink(folder_, folder_ + "-link");
  EXPECT_TRUE(ReadTinyImagenetIndex(folder_ + "-link").ok());
}

}  // namespace
}  // namespace sid
