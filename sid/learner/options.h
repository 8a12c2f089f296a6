#pragma once

// What defines SID's update, whichever executor computes it.

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sid/belief/divergence.h"

namespace sid {

// How the gradients by z of modules on the same features become the blocks' own.
enum class ExtractorGradient {
  kSum,     // the paper's: g_c = sum_i d l_i / d theta_c
  kMean,    // the sum divided by L: its size does not grow with depth
  kPcgrad,  // the sum after each gradient lost what opposes another one (sid/learner/pcgrad.h)
  kNone,    // the blocks stay as they were initialised (an ablation)
};

struct SidOptions {
  Divergence divergence = Divergence::kForward;
  std::vector<double> alphas;  // a_i, L of them, each in (0, 1]
  double smoothing = 0;        // s of the target, in [0, 1)
  ExtractorGradient extractor_gradient = ExtractorGradient::kSum;
  // A stage's last block is trained by the next stage's losses too (interlocking, Gomez et al. 2022): the gradient passes one block back and
  // ends there. A stage then updates after the next one's way back, so neighbours cannot work side by side.
  bool overlap = false;

  bool extractor_learns() const { return extractor_gradient != ExtractorGradient::kNone; }
  bool compares_gradients() const { return extractor_gradient == ExtractorGradient::kPcgrad; }
};

std::vector<std::string> ExtractorGradientNames();
absl::StatusOr<ExtractorGradient> ParseExtractorGradient(const std::string& name);

// a_1 .. a_L from a text: "0.5" for all; "1:0.1" linear from the first module to the last; "0.9,0.5,0.1" one for each.
absl::StatusOr<std::vector<double>> ParseAlphas(const std::string& text, int64_t depth);

// That the numbers are in range and belong together, as `reverse` with a one-hot target does not.
absl::Status Validate(const SidOptions& options);

}  // namespace sid
