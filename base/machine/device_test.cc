#include "base/machine/device.h"

#include <ATen/Context.h>
#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include "base/machine/version.h"

namespace sid {
namespace {

TEST(ParseDevice, CpuIsAlwaysThere) {
  EXPECT_EQ(ParseDevice("cpu").value(), at::Device(at::kCPU));
  EXPECT_TRUE(ParseDevice("auto").ok());
}

TEST(ParseDevice, UnknownNamesAreErrors) {
  for (const std::string name : {"", "gpu", "cuda:", "cuda:x", "cpu:0"}) {
    EXPECT_NE(ParseDevice(name).status().message().find("unknown device"), absl::string_view::npos) << name;
  }
}

TEST(ParseDevice, ADeviceThatIsNotThereIsAnError) {
  EXPECT_NE(ParseDevice("cuda:99").status().message().find("is not there"), absl::string_view::npos);
  EXPECT_FALSE(ParseDevice("cuda:-1").ok());
}

TEST(ParseDevice, FindsTheGpu) {
  if (!at::hasCUDA() || at::getNumGPUs() == 0) GTEST_SKIP() << "no CUDA device";
  EXPECT_EQ(ParseDevice("auto").value(), at::Device(at::kCUDA, 0));
  EXPECT_EQ(ParseDevice("cuda").value(), at::Device(at::kCUDA, 0));
}

TEST(DescribeMachine, NamesTheGpuOfWhatRunsOnOne) {
  EXPECT_FALSE(DescribeMachine(at::kCPU).contains("gpu"));
  EXPECT_FALSE(DescribeMachine(at::Device(at::kCUDA, 0)).at("gpu").at("name").get<std::string>().empty());
}

TEST(WhyNoGpu, NamesADriverThatIsTooOldOrFails) {
  EXPECT_EQ(WhyNoGpu(cudaErrorInsufficientDriver, 12040, 13000),
            "the GPU's driver knows CUDA 12.4, and this program needs 13.0: update the driver");
  EXPECT_NE(WhyNoGpu(cudaErrorSystemDriverMismatch, 13000, 13000).find("the GPU's driver fails: "), std::string::npos);
}

TEST(WhyNoGpu, IsNothingWithoutADriverOrOnPurpose) {
  EXPECT_EQ(WhyNoGpu(cudaErrorInsufficientDriver, 0, 13000), "") << "as on any machine without a GPU";
  EXPECT_EQ(WhyNoGpu(cudaErrorNoDevice, 13000, 13000), "") << "CUDA_VISIBLE_DEVICES hides them";
  EXPECT_EQ(WhyNoGpu(cudaSuccess, 13000, 13000), "");
}

}  // namespace
}  // namespace sid
