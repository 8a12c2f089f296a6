#include "bench/environment/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/machine/limits.h"

namespace sid {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A machine as Linux shows it in files.
class WarningsTest : public testing::Test {
 protected:
  void Write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(root_ + path).parent_path());
    std::ofstream(root_ + path) << text << "\n";
  }
  void SetUp() override {
    std::filesystem::remove_all(root_);
    Write("/proc/loadavg", "0.10 2.00 3.00 1/200 1234");
  }

  const std::string root_ = testing::TempDir() + "/machine";
};

TEST(Warnings, ReadTheKernelsOwnFiles) {
  const std::string load = ReadKernelFile("/proc/loadavg");
  EXPECT_THAT(load, HasSubstr("/")) << "running / all processes";
}

// A debug build (of a sanitizer, say) warns of itself before.
std::vector<std::string> WarningsOfMachine(const GpuMonitor* gpu, const std::string& root) {
  std::vector<std::string> warnings = Warnings(gpu, root);
#ifndef NDEBUG
  EXPECT_THAT(warnings, Contains(HasSubstr("debug build")));
  if (!warnings.empty()) warnings.erase(warnings.begin());
#endif
  return warnings;
}

TEST_F(WarningsTest, NoneOnAQuietMachine) {
  Write("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "performance");
  EXPECT_THAT(WarningsOfMachine(nullptr, root_), IsEmpty());
}

TEST_F(WarningsTest, AMissingFileIsNoReason) { EXPECT_THAT(WarningsOfMachine(nullptr, root_ + "/nothing"), IsEmpty()); }

TEST_F(WarningsTest, OneForEachReason) {
  Write("/proc/loadavg", "1.75 2.00 3.00 3/200 1234");
  Write("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave");
  const GpuMonitor gpu{.processes = [] { return 2; }};
  EXPECT_THAT(WarningsOfMachine(&gpu, root_),
              ElementsAre(HasSubstr("governor powersave"), HasSubstr("1.8 processes"), HasSubstr("2 other process")));
}

TEST_F(WarningsTest, AContainersQuotaIsAReason) {
  Write("/proc/self/cgroup", "0::/");
  Write("/proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup ro - cgroup2 cgroup rw");
  Write("/sys/fs/cgroup/cpu.max", "150000 100000");
  EXPECT_THAT(WarningsOfMachine(nullptr, root_), ElementsAre(HasSubstr("may use 1.5 processors")));
}

TEST(DescribeEnvironment, SaysWhatAndWhere) {
  const auto json = DescribeEnvironment(at::kCPU, nullptr, "bench --quick");
  EXPECT_EQ(json["command"], "bench --quick");
  for (const std::string key :
       {"commit", "processor", "cores", "threads", "compiler", "libtorch", "cuda", "build", "cudnn", "onednn"}) {
    EXPECT_TRUE(json.contains(key)) << key;
  }
  EXPECT_THAT(json["compiler_flags"].get<std::string>(), HasSubstr("-std=c++20"));
  EXPECT_FALSE(json.contains("gpu"));
}

}  // namespace
}  // namespace sid
