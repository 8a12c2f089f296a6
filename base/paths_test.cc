#include "base/paths.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>

#include "base/files.h"
#include "base/unprivileged_for_tests.h"

namespace sid {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class PathsTest : public testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(folder_);
    ASSERT_TRUE(CreateFolder(folder_).ok());
    ASSERT_TRUE(WriteFileAtomically(folder_ + "/file", "").ok());
  }
  void TearDown() override { fs::remove_all(folder_); }

  const std::string folder_ = testing::TempDir() + "paths";
};

TEST_F(PathsTest, LooksThroughLinks) {
  fs::create_symlink(folder_, folder_ + "/link");
  fs::create_symlink("nowhere", folder_ + "/broken");
  EXPECT_EQ(LookAt(folder_).value(), PathKind::kFolder);
  EXPECT_EQ(LookAt(folder_ + "/link/file").value(), PathKind::kFile);
  EXPECT_EQ(LookAt("/dev/null").value(), PathKind::kOther);
  for (const char* nothing : {"/missing", "/broken", "/file/below"})
    EXPECT_EQ(LookAt(folder_ + nothing).value(), PathKind::kNothing) << nothing;
}

TEST_F(PathsTest, AFolderOfSomebodyElseIsNoMissingFile) {
  fs::create_directory(folder_ + "/closed");
  chmod((folder_ + "/closed").c_str(), 0);
  const std::string path = folder_ + "/closed/deep/file";
  const Unprivileged nobody;
  EXPECT_EQ(LookAt(path).status().code(), absl::StatusCode::kPermissionDenied);
  for (const absl::Status& status : {LookAt(path).status(), ReadFile(path).status()})
    EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr("Permission denied (" + folder_ + "/closed belongs to "),
                                                     HasSubstr(" and has mode 0; this runs as ")));
  EXPECT_THAT(std::string(ListFolder(folder_ + "/closed").status().message()), HasSubstr("/closed belongs to "));
}

TEST_F(PathsTest, ALinkThatLeadsNowhereSaysWhereTo) {
  fs::create_symlink("/data/scratch", folder_ + "/link");
  EXPECT_THAT(std::string(ReadFile(folder_ + "/link").status().message()),
              HasSubstr("No such file or directory (it is a symbolic link to /data/scratch)"));
}

TEST_F(PathsTest, ListsWhatIsNoDotFile) {
  for (const char* name : {"/b", "/._b", "/.DS_Store", "/a"}) ASSERT_TRUE(WriteFileAtomically(folder_ + name, "").ok());
  EXPECT_THAT(ListFolder(folder_).value(), ElementsAre("a", "b", "file"));
  EXPECT_EQ(ListFolder(folder_ + "/missing").status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace sid
