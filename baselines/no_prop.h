#pragma once

// NoProp-DT (Li, Teh and Pascanu 2025, arXiv 2503.24322): modules that denoise a label. Each is given the label with as much noise as its
// place prescribes, and the image's features, and learns to state the label; none waits for another's output, in training.
//
//   noise  q(z_t | y) = N(sqrt(A_t) u_y, (1 - A_t) I)       A_t = cos^2(pi/2 ((1 - t/T) + s) / (1 + s)), s = 0.008: A_0 = 0, A_T = 1 - 1.5e-4
//   module t  z_{t-1} ~ q, features --head--> p_t = softmax(logits_t)          l_t = |p_t - u_y|^2        u_y: one-hot, [C]
//   inference  z_0 ~ N(0, I);   z_t = a_t p_t + b_t z_{t-1} + sqrt(c_t) noise;   log p_1 .. log p_T
//     a_t = sqrt(A_t) (1 - r_t) / (1 - A_{t-1}),   b_t = sqrt(r_t) (1 - A_t) / (1 - A_{t-1}),   c_t = (1 - A_t) (1 - r_t) / (1 - A_{t-1})
//     with r_t = A_{t-1} / A_t: mean and variance of q(z_t | z_{t-1}, u) at u = p_t
//
// It is the network of SID, with the noised label where SID's heads see the belief of the module before. Deviations: the paper gives each
// module an image encoder of its own, here features are those of the partition, shared or of the module's own blocks (detached between
// stages). The paper weighs l_t by the growth of the signal-to-noise ratio; a factor changes nothing under Adam where modules share
// nothing, and where they share an extractor it would leave it to the last one, which sees the label almost without noise: each counts 1.
// The paper's last layer, a classifier of z_T, is left out: z_T is p_T but for 1.5e-4 of noise.
//
// What travels: features, forward; no label, belief or gradient between modules. What is stored: one stage's activations at a time.
// Noise by base/noise.h; in inference it is that of the place in the batch. Capturable.

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "baselines/peer.h"

namespace sid {

// InvalidArgument where heads have no input for the label, or add to it.
absl::Status ValidateNoProp(const Network& network);

// Takes the initialised network, of any partition. `noise`: its factor, in training and inference.
std::unique_ptr<Learner> MakeNoPropLearner(Network network, const PeerOptions& options,
                                           const OptimizerOptions& optimizer, double noise = 1);

// A_0 .. A_T, and a, b, c of step t, from 1 to T.
struct DenoisingSchedule {
  explicit DenoisingSchedule(int64_t steps);

  std::vector<double> signal;  // A_t
  double a(int64_t t) const;
  double b(int64_t t) const;
  double c(int64_t t) const;
};

}  // namespace sid
