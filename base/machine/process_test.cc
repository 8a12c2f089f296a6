#include "base/machine/process.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <gtest/gtest.h>

#include <thread>

namespace sid {
namespace {

TEST(SetUpProcess, MakesWhatIsTooSmallZeroInEveryThread) {
  const at::Tensor small = at::full({1 << 20}, 2e-38F);
  EXPECT_GT((small * 0.1F).max().item<float>(), 0);
  // Its workers are new, and have the mode of the thread that starts them.
  std::thread([&] {
    SetUpProcess(/*threads=*/2);
    EXPECT_EQ((small * 0.1F).max().item<float>(), 0);
    EXPECT_GT((small * 2).min().item<float>(), 0) << "normal numbers stay";
    EXPECT_EQ(at::get_num_threads(), 2);
  }).join();
}

}  // namespace
}  // namespace sid
