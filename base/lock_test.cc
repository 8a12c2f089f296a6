#include "base/lock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "base/faulty_system_calls.h"

namespace sid {
namespace {

using testing::HasSubstr;

TEST(LockFolder, OneAtATime) {
  const std::string folder = testing::TempDir();
  auto first = LockFolder(folder);
  ASSERT_TRUE(first.ok());
  const absl::Status second = LockFolder(folder).status();
  EXPECT_EQ(second.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(second.message()), HasSubstr("another process is working in " + folder));
  first->reset();
  EXPECT_TRUE(LockFolder(folder).ok());
}

// NFS says EBADF of a folder, others ENOLCK or EOPNOTSUPP: none of it means that somebody works there.
TEST(LockFolder, AFileSystemWithoutLocksStopsNobody) {
  for (const int error : {ENOLCK, EOPNOTSUPP, ENOSYS, EBADF, EINVAL}) {
    FaultySystemCalls calls({.calls = Fault::Calls::kLocks, .error = error});
    testing::internal::CaptureStderr();
    EXPECT_EQ(LockFolder(testing::TempDir()).status(), absl::OkStatus()) << error;
    EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("goes on without")) << error;
  }
}

TEST(LockFolder, AFolderThatIsNotThereIsAnError) {
  EXPECT_EQ(LockFolder(testing::TempDir() + "/missing").status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace sid
