#pragma once

// What the theory's probe sees of a network (Inspection in sid/learner/learner.h), computed apart from training's path.
//
//   batch --blocks, read-outs, heads--> log p_0 .. log p_L
//   with local losses:  z, log p --> each head's gradients alone: their norms, and d l_i / d z
//
// A training step needs only the sum of the modules' gradients by z, and whether they agree is lost in it.

#include "sid/learner/learner.h"
#include "sid/learner/options.h"
#include "sid/network/network.h"

namespace sid {

// Beliefs and weights' norms. Weights as they are: not rounded to the products' type.
Inspection InspectBeliefs(const Network& network, const Batch& batch);

// All of it, for the local losses of SID.
Inspection InspectLocalLosses(const Network& network, const SidOptions& options, const Batch& batch);

}  // namespace sid
