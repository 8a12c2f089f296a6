#pragma once

// How much faster a step could be with one device a module, computed from the times of its parts, each measured alone. Never
// to be mixed with what was measured:
//
//   theoretical    sum over modules / slowest module: the paper's figure, of the local updates alone
//   critical path  a whole step on one device / the same on several, with all that the theoretical figure leaves out:
//
//   device 0     extractor --z--> own teachers --p--+     | own updates ... + dz + dz + ... extractor backward, optimizer
//   device 1              waits for z and p: teachers --p-+ | updates --dz--^
//   device 2                                    teachers  | updates --dz-------^
//                                      the last teacher --^ phase 2 begins, as in the paper, when phase 1 has ended
//
// A message occupies a link for bytes / bandwidth, one after the other, and arrives one latency after it has left. Features go
// out, and their gradients come in, through device 0's link; beliefs through the sender's. Device 0 adds the gradients in the
// order in which they arrive.
//
// With free messages 1 <= critical path <= theoretical: what both sides of a ratio >= 1 gain in common makes it smaller. A
// slow link can make several devices slower than one; BestCriticalPath leaves devices unused that don't pay.

#include <cstdint>
#include <vector>

namespace sid {

// Seconds, each part alone on its device.
struct StepTimes {
  double extractor_forward = 0;
  std::vector<double> teachers;  // of each module, L
  std::vector<double> modules;   // each module's local update, its own optimizer step included, L
  double gradient_sum = 0;       // adding one dz [B, D] to another
  double extractor_backward = 0;
  double extractor_optimizer = 0;
};

struct Link {
  double bytes_per_second = 25e9;  // 16 lanes of PCI Express 4
  double latency = 10e-6;          // seconds of a message
};

struct Messages {
  double features_bytes = 0;  // z [B, D], and its gradient
  double belief_bytes = 0;    // p [B, C]
};

double TheoreticalSpeedup(const std::vector<double>& modules);

// Seconds of a step on so many devices (1 .. L), of neighbouring modules equally many each, as modules of one shape cost the same. The first
// device has the extractor too.
double CriticalPath(const StepTimes& times, int64_t devices, const Link& link, const Messages& messages);

// The least CriticalPath of at most `devices` devices.
double BestCriticalPath(const StepTimes& times, int64_t devices, const Link& link, const Messages& messages);

}  // namespace sid
