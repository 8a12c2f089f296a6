#include "base/machine/cuda_graph.h"

#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

namespace sid {
namespace {

TEST(CudaGraph, RecordingRunsNothingAndAReplayReadsWhatIsThereNow) {
  if (!at::hasCUDA() || at::getNumGPUs() == 0) GTEST_SKIP() << "no CUDA device";
  const at::Device device(at::kCUDA, 0);
  const at::Tensor amount = at::full({}, 1.0, device), sum = at::zeros({1000}, device);
  const auto work = [&] { sum.add_(amount * 2); };
  CudaGraph graph(device);
  graph.Warm(work);
  graph.Record(work);
  EXPECT_EQ(sum[0].item<float>(), 2);
  amount.fill_(10);
  graph.Replay();
  EXPECT_EQ(sum[999].item<float>(), 22);
  amount.fill_(0.5);
  graph.Replay();
  EXPECT_EQ(sum[0].item<float>(), 23);
}

}  // namespace
}  // namespace sid
