#pragma once

// What a claim says of the code, and not of what training makes of it: computed on a small network while a report is made.

#include <map>
#include <string>

namespace sid {

// By the names that rules with 'check' use; on the CPU, from fixed seeds, within a second.
//
//   inference_difference   largest difference in log p, nats, over depths, images, classes and both belief updates, between
//                          what SID predicts with weights that it has trained and: the formula of sid/network/heads.h written
//                          out, without what training uses; and what each backpropagation learner predicts with these weights
std::map<std::string, double> RunChecks();

}  // namespace sid
