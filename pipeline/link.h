#pragma once

// Channels between ranks. What arrives has the bits and the layout in memory of what was sent: another layout would be another convolution,
// with other roundings.
//
//   Send: returns at once; the connection takes it while this rank computes on         at most kSlots lists at a time
//   a thread of the receiver takes lists from the connection while its rank computes   as many
//
// A tensor on the sender's device arrives on the receiver's: from GPU to GPU by a lane of their own (features and gradients, where there is one), else
// through the memory of both hosts. Its header goes before it, by the hosts' connection, so that the receiver asks for what is under way.
//
// A peer that is gone, or silent for the ranks' timeout, is a RankLost, thrown where one sends or receives.

#include <memory>

#include "pipeline/channel.h"
#include "pipeline/ranks.h"

namespace sid {

// Of the links between two ranks.
enum Tag {
  kForward,   // features and what goes with them, to the next rank
  kBackward,  // gradients, to the rank before
  kHome,      // to rank 0
  kFromHome,  // from it
  kPresence,  // nothing: whose end it is that ends it
};

// `ranks` outlives them.
std::unique_ptr<Sender> MakeSender(Ranks& ranks, int to, int tag);
std::unique_ptr<Receiver> MakeReceiver(Ranks& ranks, int from, int tag);

}  // namespace sid
