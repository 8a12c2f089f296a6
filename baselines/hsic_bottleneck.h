#pragma once

// The HSIC bottleneck (Ma, Lewis and Kleijn 2020, AAAI; github.com/choasma/HSIC-bottleneck): each block keeps what its output has in
// common with the labels and drops what it has in common with the images, both measured by kernels over the batch.
//
//   l_b = nHSIC(u_b, x) - beta nHSIC(u_b, y)          beta = 500, the paper's
//   u_b [B, D]: h_b, a map's or tokens' mean over positions, each number standardised over the batch
//   nHSIC(u, v) = tr(R_u R_v),   R = K (K + eps B I)^{-1},   K = exp(-|u_i - u_j|^2 / (2 sigma^2 d)) H,   H = I - 1/B
//                                sigma = 5, eps = 1e-5, d: the numbers of u, all the authors'
//
// Block b's weights follow the gradient of l_b alone, its input being detached. The readout is the network's head, trained by
// cross-entropy on the last features, detached: the paper's format training, at the same time instead of afterwards. The belief is the
// head's, and so is the loss that is shown. K is [B, B]: time grows with B^2 d + B^3, and a batch of one example teaches blocks nothing.
//
// Deviations: the authors' blocks normalise by batch before their ReLU; here the kernels do, so that sigma = 5 fits networks without it too.
// They flatten maps; but of maps with more numbers than the batch has images K has no small eigenvalue, R is almost I for any features, and
// nHSIC is near its largest from the start and teaches little. Means over positions have as many numbers as channels.
//
// What travels: activations, forward, and images and labels to each block. What is stored: one block's activations at a time. Kernels
// are computed in float32 whatever the products' type.

#include <memory>

#include "baselines/peer.h"

namespace sid {

// Takes the initialised network, of one stage with one head.
std::unique_ptr<Learner> MakeHsicBottleneckLearner(Network network, const PeerOptions& options,
                                                   const OptimizerOptions& optimizer);

// K H [B, B] of u [B, ..].
at::Tensor CentredKernel(const at::Tensor& u);
// tr(K_u H K_v H) / (B - 1)^2, as Gretton et al. (2005) estimate it, of centred kernels.
at::Tensor Hsic(const at::Tensor& u, const at::Tensor& v);
// R [B, B] of a centred kernel; nHSIC(u, v) = sum over all entries of R_u * R_v^T.
at::Tensor NormalisedKernel(const at::Tensor& centred);
at::Tensor NormalisedHsic(const at::Tensor& r_u, const at::Tensor& r_v);

}  // namespace sid
