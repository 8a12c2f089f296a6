// predictions_for_tests NETWORK PARTITION HEAD BELIEF_UPDATE BELIEF_INPUT(0 or 1) FEATURE_SCALE FOLDER: a network with random weights, as
// weights.safetensors that a run could have left, and what it predicts for random images, as predictions.safetensors.

#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>

#include <cmath>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/safetensors/safetensors.h"
#include "base/tensors.h"
#include "sid/network/network.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

// Widths that keep the files small; the Vision Transformer's must be a multiple of 64.
int64_t WidthOf(const std::string& network) { return network == "vit-tiny" ? 64 : 8; }

// Numbers of an ordinary size; what normalisations multiply by or divide by is positive.
void Fill(const NamedTensor& named) {
  const at::Tensor &own = named.tensor, noise = at::randn(own.sizes());
  const double fan_in = own.dim() > 1 ? static_cast<double>(own.numel()) / static_cast<double>(own.size(0)) : 1;
  const bool divides = named.name.find("running_var") != std::string::npos;
  if (divides) own.copy_(at::rand(own.sizes()) + 0.5);
  if (!divides) own.copy_(named.role == Role::kScale ? 1 + 0.1 * noise : noise / std::sqrt(fan_in));
}

int Main(char** argv) {
  const std::string name = argv[1], partition_text = argv[2], folder = argv[7];
  const at::NoGradGuard no_grad;
  at::manual_seed(7);
  const Shape image{3, 32, 32};
  const Architecture architecture =
      MakeArchitecture({.name = name, .image = image, .width = WidthOf(name), .features = 16}).value();
  const Partition partition = ParsePartition(partition_text, 3, architecture.blocks).value();
  const HeadShape head{ParseHeadKind(argv[3]).value(), 24, std::string(argv[5]) == "1",
                       ParseBeliefUpdate(argv[4]).value(), std::atof(argv[6])};
  const Network network = EmptyNetwork(architecture, partition, head, /*classes=*/10);
  for (const NamedTensor& named : AllTensors(network)) Fill(named);
  const at::Tensor images = at::randn({5, 3, 32, 32});
  const bool shared = partition[0] == static_cast<int64_t>(architecture.blocks.size());
  const absl::Status saved = SaveSafetensors(folder + "/weights.safetensors", AllTensors(network),
                                             {{"network", name},
                                              {"partition", shared ? "shared" : absl::StrJoin(partition, ",")},
                                              {"depth", absl::StrCat(network.depth())},
                                              {"belief_update", argv[4]},
                                              {"feature_scale", argv[6]}});
  CHECK(saved.ok()) << saved;
  const absl::Status predicted =
      SaveSafetensors(folder + "/predictions.safetensors",
                      {{"images", images}, {"log_beliefs", Predict(network, images).contiguous()}}, {});
  CHECK(predicted.ok()) << predicted;
  return 0;
}

}  // namespace
}  // namespace sid

int main(int argc, char** argv) {
  CHECK_EQ(argc, 8);
  return sid::Main(argv);
}
