// The test is its own copies, which arguments tell that they are.

#include "base/command_line/copies.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

namespace sid {
namespace {

constexpr int kCopies = 3;

int64_t Files(const std::string& folder) {
  return std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator());
}

void Arrive(const std::string& folder) { std::ofstream(folder + "/" + std::to_string(getpid())); }

bool AllArrive(const std::string& folder) {
  for (int i = 0; i < 6000 && Files(folder) < kCopies; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  return Files(folder) == kCopies;
}

std::string Folder(const std::string& name) {
  std::string folder = testing::TempDir() + "/" + name;
  std::filesystem::create_directories(folder);
  return folder;
}

TEST(RunCopies, AllAtOnce) {
  const std::string folder = Folder("meeting");
  EXPECT_TRUE(RunCopies(kCopies, {"--meet", folder}).ok());
  EXPECT_EQ(Files(folder), kCopies);
}

TEST(RunCopies, SaysHowManyFailed) {
  const absl::Status status = RunCopies(2, {"--no_such_folder", "/nowhere", "fail"});
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(status.message(), "2 of 2 processes failed; their messages are above");
}

TEST(RunCopies, EndWithTheProgram) {
  const std::string folder = Folder("stay");
  prctl(PR_SET_CHILD_SUBREAPER, 1);  // they become this test's children when their own parent is gone
  const pid_t program = fork();
  if (program == 0) {
    (void)RunCopies(kCopies, {"--stay", folder});
    _exit(0);
  }
  ASSERT_TRUE(AllArrive(folder));
  kill(program, SIGKILL);
  int ended = 0;
  for (int status = 0; waitpid(-1, &status, 0) > 0;)
    ended += WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM ? 1 : 0;
  EXPECT_EQ(ended, kCopies);
}

}  // namespace
}  // namespace sid

int main(int argc, char** argv) {
  if (argc == 3) {
    sid::Arrive(argv[2]);
    if (argv[1] == std::string("--meet")) return sid::AllArrive(argv[2]) ? 0 : 1;
    std::this_thread::sleep_for(std::chrono::minutes(1));  // --stay
    return 0;
  }
  if (argc == 4) return 3;
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
