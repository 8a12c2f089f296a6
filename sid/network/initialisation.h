#pragma once

// Initial weights. The paper names no scheme, so it is a choice by name:
//
//   kaiming   N(0, 2/fan_in), biases 0: keeps the second moment through ReLU (He et al. 2015); the default, because
//             layers without normalisation learn much sooner from it than from pytorch's smaller weights
//   pytorch   U(-1/sqrt(fan_in), 1/sqrt(fan_in)) for weights and biases: what torch.nn.Linear and Conv2d do
//   xavier    U(-a, a), a = sqrt(6/(fan_in + fan_out)), biases 0 (Glorot and Bengio 2010)
//   lsuv      orthonormal, then scaled layer by layer to unit variance on a batch (Mishkin and Matas 2016); for networks
//             without normalisation
//   identity  as kaiming, but each head's last layer 0: every module starts at the uniform belief, its teacher's p_0; with
//             the residual belief update at passing on what it is given, whatever that is
//
// What an architecture prescribes (TensorSpec: normalisations, tokens, ViT's factors) begins so under every name. fan_in of a head's
// first layer is C + D: its two parts are one layer. Every number comes from the seed, drawn on the CPU in a fixed order, blocks
// first, then heads: the same weights whatever the learner, the partition of the blocks and the device, and the first k heads of a
// deeper cascade of the same seed have the weights of the shallower one.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sid/network/network.h"

namespace sid {

enum class Initialisation { kPyTorch, kKaiming, kXavier, kLsuv, kIdentity };

std::vector<std::string> InitialisationNames();
absl::StatusOr<Initialisation> ParseInitialisation(const std::string& name);

// Fills `network` (float, on the CPU). `images` [B, channels, height, width], normalised: only lsuv looks at them. InvalidArgument
// for lsuv and a network that it is not for.
absl::Status CheckInitialisation(Initialisation initialisation, const Network& network);
void Initialise(Initialisation initialisation, uint64_t seed, const at::Tensor& images, Network& network);

}  // namespace sid
