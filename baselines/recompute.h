#pragma once

// Activation checkpointing at the boundaries of blocks (Chen et al. 2016): the way back keeps each block's input alone and runs the
// block again, with a graph of its own that is used at once and dropped. Gradients are those of the plain graph; the price is one
// more forward pass. Running statistics are written in the first run only.

#include "sid/network/network.h"

namespace sid {

// As RunBody (sid/network/network.h), whose graph it replaces. The stage outlives the graph.
BodyResult RunBodyRecomputing(const Stage& stage, const at::Tensor& input, const Pass& pass);

}  // namespace sid
