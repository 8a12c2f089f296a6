#include "data/loaders/source_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/unprivileged_for_tests.h"
#include "data/loaders/files_for_tests.h"

namespace sid {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const SourceLayout kLayout = {"mnist", {"digits", "raw"}, {"one-file", "two"}, {{"all.zip", "an archive of it"}}};

std::string Found(const std::string& data_dir) { return FindSourceFolder(kLayout, data_dir).value(); }
std::string Error(const std::string& data_dir) {
  return std::string(FindSourceFolder(kLayout, data_dir).status().message());
}

TEST(FindSourceFolder, TakesTheFolderThatHasTheFiles) {
  const std::string folder = NewFolder();
  fs::create_directory(folder + "/digits");
  WriteTestFile(folder + "/two.gz", "");
  EXPECT_EQ(Found(folder), folder) << "an empty folder of the right name is none";
  WriteTestFile(folder + "/digits/raw/two", "");
  WriteTestFile(folder + "/digits/raw/one_file", "");
  EXPECT_EQ(Found(folder), folder + "/digits/raw") << "more of the files";
  EXPECT_EQ(Found(folder + "/digits"), folder + "/digits/raw");
  WriteTestFile(folder + "/digits/digits/two", "");
  EXPECT_EQ(Found(folder), folder + "/digits/raw");
}

TEST(FindSourceFolder, SaysWhatIsThereInstead) {
  const std::string folder = NewFolder();
  EXPECT_THAT(Error(folder), HasSubstr("holds neither a folder digits nor that folder's files"));
  WriteTestFile(folder + "/digits/all.zip", "");
  EXPECT_THAT(Error(folder), HasSubstr("mnist: " + folder + "/digits/all.zip is an archive of it; `./tools"));
  EXPECT_THAT(Error(folder + "/digits/all.zip"), HasSubstr("all.zip, but a file; name the folder"));
  EXPECT_THAT(Error(folder + "/no"), HasSubstr("there is no folder " + folder + "/no; name"));
}

// To download it again would not help.
TEST(FindSourceFolder, WhatIsClosedIsNotMissing) {
  const std::string folder = NewFolder();
  WriteTestFile(folder + "/digits/two", "");
  chmod((folder + "/digits").c_str(), 0);
  {
    const Unprivileged nobody;
    EXPECT_THAT(Error(folder), AllOf(HasSubstr("mnist: cannot list " + folder + "/digits: Permission denied ("),
                                     HasSubstr("/digits belongs to "), Not(HasSubstr("downloads"))));
    EXPECT_THAT(Error(folder + "/digits/below"), HasSubstr("Permission denied"));
    for (const absl::Status& status :
         {ReadLines("mnist", folder + "/digits/two").status(), CheckFileSize("mnist", folder + "/digits/two", 7)})
      EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr("Permission denied"), Not(HasSubstr("downloads"))));
  }
  chmod((folder + "/digits").c_str(), 0755);
}

TEST(NamesOfFile, KnowsWhatCopyingMakesOfThem) {
  EXPECT_THAT(NamesOfFile({"A.IDX3-ubyte", "a-idx3-ubyte", "a-idx3-ubyte.gz", "b-idx3-ubyte"}, "a-idx3-ubyte"),
              ElementsAre("a-idx3-ubyte", "A.IDX3-ubyte", "a-idx3-ubyte.gz"));
}

TEST(CheckFileSize, NamesWhatTheFileIs) {
  const std::string path = NewFolder() + "/data.bin";
  WriteTestFile(path, "<html>404");
  EXPECT_THAT(std::string(CheckFileSize("mnist", path, 100).message()),
              HasSubstr("is truncated (it is an HTML page, perhaps a server's message): expected 100 bytes, found 9"));
}

}  // namespace
}  // namespace sid
