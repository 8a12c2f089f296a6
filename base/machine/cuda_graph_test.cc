#include "base/machine/cuda_graph.h"

#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <vector>

#include "base/machine/graph_for_tests.h"

namespace sid {
namespace {

// A graph of the CPU is the stand-in, so that what other tests learn from it is learnt of a graph.
class GraphTest : public testing::TestWithParam<at::DeviceType> {
 protected:
  void SetUp() override {
    if (GetParam() == at::kCUDA && (!at::hasCUDA() || at::getNumGPUs() == 0)) GTEST_SKIP() << "no CUDA device";
    graph_ = GetParam() == at::kCUDA ? MakeCudaGraph(device_) : MakeGraphForTests();
  }
  at::Tensor Number(double value) const { return at::full({}, value, at::TensorOptions(device_).dtype(at::kFloat)); }

  const at::Device device_{GetParam(), static_cast<at::DeviceIndex>(GetParam() == at::kCUDA ? 0 : -1)};
  std::unique_ptr<Graph> graph_;
};

TEST_P(GraphTest, AReplayReadsWhatIsThereNow) {
  const at::Tensor amount = Number(0), sum = at::zeros({1000}, amount.options());
  double expected = 0;
  for (int run = 0; run < 7; ++run) {
    amount.fill_(run);
    graph_->Run([&] { sum.add_(amount * 2); });
    expected += 2 * run;
    EXPECT_EQ(sum[999].item<float>(), expected) << run;
  }
}

TEST_P(GraphTest, NumbersOfTheHostAreThoseOfTheRecording) {
  const at::Tensor sum = Number(0);
  for (int run = 0; run < 7; ++run) graph_->Run([&] { sum.add_(Number(run)); });
  EXPECT_EQ(sum.item<float>(), 0 + 1 + 2 + 3 + 3 + 3 + 3);
}

TEST_P(GraphTest, MemoryIsThatOfTheRecording) {
  const at::Tensor sum = Number(0);
  at::Tensor amount;
  std::vector<at::Tensor> others;
  for (int run = 0; run < 7; ++run) {
    amount = at::Tensor();
    others.push_back(Number(1e6));  // has the memory that was given back
    amount = Number(1);
    graph_->Run([&] { sum.add_(amount); });
  }
  EXPECT_FALSE(sum.item<float>() == 7);
}

INSTANTIATE_TEST_SUITE_P(All, GraphTest, testing::Values(at::kCPU, at::kCUDA),
                         [](const auto& info) { return info.param == at::kCPU ? "StandIn" : "Cuda"; });

TEST(GraphForTests, TheHostMustReadNothing) {
  const auto graph = MakeGraphForTests();
  const at::Tensor number = at::zeros({});
  const auto work = [&] { number.add_(number.item<double>()); };
  for (int run = 0; run < kWarmRuns; ++run) graph->Run(work);
  EXPECT_THROW(graph->Run(work), c10::Error);
}

}  // namespace
}  // namespace sid
