#pragma once

// Forward-Forward (Hinton 2022, arXiv 2212.13345), supervised: two passes forward and none back. The label is drawn into the image; a
// block learns to respond more to images that carry their own label (positive) than to those that carry a wrong one (negative).
//
//   x drawn with c --normalise--> block 1 --> h_1 --normalise--> block 2 --> h_2 ...        normalise: h / sqrt(mean h^2), detached
//   goodness g_b = sum over channels of the mean over positions of h_b^2
//   l_b = (softplus(-(g_b+ - D_b)) + softplus(g_b- - D_b)) / 2         D_b: channels of h_b, as in github.com/loeweX/Forward-Forward
//   classifier: log p_c = log softmax_c(sum of g_b, b > 1, of x drawn with c)       C passes forward; of one block, g_1
//
// Normalising leaves the next block the direction of h alone, so that it cannot read the goodness off the length. Wrong labels are
// uniform over the others, by base/noise.h. How a label is drawn: where block 1 takes all pixels, its first C numbers are the one-hot
// label (Hinton's); where it convolves, a plane wave of the class is added over the whole image, for each position to see it
// (Scodellaro et al. 2023, arXiv 2312.14924). Not defined with batch normalisation or layer normalisation, which fix the goodness.
//
// What travels: activations, forward. What is stored: one block's activations at a time. During training the belief is that of the two
// labels tried, and the losses are the goodness losses; the evaluation's loss is the belief's cross-entropy. Capturable.

#include <memory>

#include "absl/status/status.h"
#include "baselines/peer.h"

namespace sid {

// InvalidArgument where the network normalises.
absl::Status ValidateForwardForward(const Network& network);

// Takes the initialised network, of one stage; its head is dropped.
std::unique_ptr<Learner> MakeForwardForwardLearner(Network network, const PeerOptions& options,
                                                   const OptimizerOptions& optimizer);

// g [B] of h: [B, D], or maps [B, D, height, width].
at::Tensor Goodness(const at::Tensor& h);
// l [scalar] from g of positive and negative images and the threshold.
at::Tensor GoodnessLoss(const at::Tensor& positive, const at::Tensor& negative, int64_t threshold);
// Images [B, channels, height, width] with their labels, int64 [B], of `classes`, drawn into them.
at::Tensor DrawLabels(const at::Tensor& images, const at::Tensor& labels, int64_t classes, bool waves);

}  // namespace sid
