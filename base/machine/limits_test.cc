#include "base/machine/limits.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "base/files.h"

namespace sid {
namespace {

// A made-up /proc and /sys.
class LimitsTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::remove_all(root_); }

  void Write(const std::string& name, const std::string& text) {
    const std::string path = root_ + name;
    ASSERT_TRUE(CreateFolder(std::filesystem::path(path).parent_path()).ok());
    ASSERT_TRUE(WriteFileAtomically(path, text).ok());
  }

  void WriteVersion2(const std::string& group, const std::string& top = "/") {
    Write("/proc/self/cgroup", "0::" + group + "\n");
    Write("/proc/self/mountinfo", "23 1 0:21 / /proc rw - proc proc rw\n30 23 0:26 " + top +
                                      " /sys/fs/cgroup ro,nosuid shared:9 - cgroup2 cgroup rw,nsdelegate\n");
  }

  MachineLimits Read() const { return ReadMachineLimits(root_); }

  const std::string root_ = testing::TempDir() + "/limits";
};

TEST_F(LimitsTest, WithoutGroupsNothingIsLimited) {
  const MachineLimits limits = Read();
  EXPECT_TRUE(std::isinf(limits.processors));
  EXPECT_EQ(limits.memory_bytes, MachineLimits::kNone);
  EXPECT_EQ(limits.processes, MachineLimits::kNone);
}

// docker run --cpus=2.5 --memory=1g --pids-limit=100
TEST_F(LimitsTest, AContainerOfVersion2SeesItsOwnGroupAsTheTop) {
  WriteVersion2("/");
  Write("/sys/fs/cgroup/cpu.max", "250000 100000\n");
  Write("/sys/fs/cgroup/memory.max", "1073741824\n");
  Write("/sys/fs/cgroup/pids.max", "100\n");
  Write("/sys/fs/cgroup/pids.current", "97\n");
  EXPECT_EQ(Read().processors, 2.5);
  EXPECT_EQ(Read().memory_bytes, 1073741824);
  EXPECT_EQ(Read().processes, 3);
}

// A batch system's step within a job within a slice: each may have limits, and the tightest counts.
TEST_F(LimitsTest, GroupsAboveLimitToo) {
  WriteVersion2("/slurm/job_7/step_0");
  Write("/sys/fs/cgroup/slurm/job_7/step_0/cpu.max", "max 100000\n");
  Write("/sys/fs/cgroup/slurm/job_7/cpu.max", "400000 100000\n");
  Write("/sys/fs/cgroup/slurm/cpu.max", "800000 100000\n");
  Write("/sys/fs/cgroup/slurm/job_7/step_0/memory.max", "max\n");
  Write("/sys/fs/cgroup/slurm/memory.max", "5000\n");
  Write("/sys/fs/cgroup/slurm/job_8/cpu.max", "1000 100000\n");
  EXPECT_EQ(Read().processors, 4);
  EXPECT_EQ(Read().memory_bytes, 5000);
}

TEST_F(LimitsTest, Version1HasATreeForEachController) {
  Write("/proc/self/cgroup", "11:pids:/docker/12ab\n4:cpu,cpuacct:/docker/12ab\n3:memory:/docker/12ab\n0::/\n");
  // The cpu's tree is seen from the container's group on, the memory's from the machine's.
  Write("/proc/self/mountinfo",
        "31 30 0:27 /docker/12ab /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct\n"
        "32 30 0:28 / /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n"
        "33 30 0:29 /docker/12ab /sys/fs/cgroup/pids ro - cgroup cgroup rw,pids\n");
  Write("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "150000\n");
  Write("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "50000\n");
  Write("/sys/fs/cgroup/memory/docker/12ab/memory.limit_in_bytes", "2000\n");
  Write("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  Write("/sys/fs/cgroup/pids/pids.max", "5\n");
  Write("/sys/fs/cgroup/pids/pids.current", "6\n");
  EXPECT_EQ(Read().processors, 3);
  EXPECT_EQ(Read().memory_bytes, 2000);
  EXPECT_EQ(Read().processes, 0);
  Write("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
  EXPECT_TRUE(std::isinf(Read().processors)) << "-1 is none";
}

TEST_F(LimitsTest, NonsenseLimitsNothing) {
  for (const std::string& text :
       {std::string(), std::string("max"), std::string("100000 0\n"), std::string("x y z\n")}) {
    WriteVersion2(":::/..");
    WriteVersion2("/gone/away");
    Write("/sys/fs/cgroup/cpu.max", text);
    Write("/proc/self/mountinfo", "- - cgroup2\n - cgroup2 x\n");
    EXPECT_TRUE(std::isinf(Read().processors)) << text;
  }
}

TEST(UsableProcessors, AreWholeOnesOfAffinityAndQuota) {
  MachineLimits limits;
  EXPECT_EQ(UsableProcessors(64, limits), 64);
  limits.processors = 2.9;
  EXPECT_EQ(UsableProcessors(64, limits), 2);
  EXPECT_EQ(UsableProcessors(1, limits), 1);
  limits.processors = 0.5;
  EXPECT_EQ(UsableProcessors(64, limits), 1);
  EXPECT_GE(UsableProcessors(), 1);
}

}  // namespace
}  // namespace sid
