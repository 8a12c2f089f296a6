#pragma once

// Feedback alignment (Lillicrap, Cownden, Tweed and Akerman 2016, Nature Communications 7:13276): backpropagation whose way back goes
// through fixed random factors B in place of the weights W, so no product needs its weights transposed.
//
//   forward   y = W x + b                      back   d x = B^T d y      d W = d y x^T      B random, of W's shape, never trained
//
// The weights turn until W^T and B^T send errors the same way: they align. All products go back so, those within a block and the head's
// too (sid/network/operations.h); scales of normalisations and what a convolutional head adds go back as they are. B has the
// distribution of the network's own initial weights (kaiming), from the seed.
//
// What travels: the gradient, block after block, as in backpropagation. What is stored: B, as large as the weights, drawn again after a
// restart. Capturable.

#include <memory>

#include "baselines/peer.h"

namespace sid {

// B for each factor of `network`, on its device.
Network RandomFeedback(const Network& network, uint64_t seed);

// Takes the initialised network, of one stage with one head, and B in the network's shapes.
std::unique_ptr<Learner> MakeFeedbackAlignmentLearner(Network network, const Network& feedback,
                                                      const PeerOptions& options, const OptimizerOptions& optimizer);

}  // namespace sid
