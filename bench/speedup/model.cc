#include "bench/speedup/model.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "third_party/logging/logging.h"

namespace sid {
namespace {

// What each device has to do of `modules`: equally many neighbours, or the first ones one more.
std::vector<double> SumByDevice(const std::vector<double>& modules, int64_t devices) {
  const auto count = static_cast<int64_t>(modules.size());
  CHECK(devices >= 1 && devices <= count) << devices << " devices for " << count << " modules";
  std::vector<double> sums(devices);
  auto begin = modules.begin();
  for (int64_t device = 0; device < devices; ++device) {
    const auto end = begin + count / devices + (device < count % devices ? 1 : 0);
    sums[device] = std::accumulate(begin, end, 0.0);
    begin = end;
  }
  return sums;
}

// When the last teacher is there.
double EndOfPhase1(const StepTimes& times, int64_t devices, const Link& link, const Messages& messages) {
  const std::vector<double> teachers = SumByDevice(times.teachers, devices);
  const double features = messages.features_bytes / link.bytes_per_second;
  const double belief = messages.belief_bytes / link.bytes_per_second;
  const auto others = static_cast<double>(devices - 1);
  double end = times.extractor_forward + teachers[0];
  for (size_t k = 1; k < teachers.size(); ++k) {
    const double features_arrive = times.extractor_forward + static_cast<double>(k) * features + link.latency;
    // Device 0's belief waits until its features have left.
    const double belief_leaves = k == 1 ? std::max(end, times.extractor_forward + others * features) : end;
    end = std::max(features_arrive, belief_leaves + belief + link.latency) + teachers[k];
  }
  return end;
}

}  // namespace

double TheoreticalSpeedup(const std::vector<double>& modules) {
  return std::accumulate(modules.begin(), modules.end(), 0.0) / *std::max_element(modules.begin(), modules.end());
}

double CriticalPath(const StepTimes& times, int64_t devices, const Link& link, const Messages& messages) {
  const double phase_2 = EndOfPhase1(times, devices, link, messages);
  const std::vector<double> updates = SumByDevice(times.modules, devices);
  const double transfer = messages.features_bytes / link.bytes_per_second;
  std::vector<double> leaves(updates.begin() + 1, updates.end());
  std::sort(leaves.begin(), leaves.end());
  double link_free = 0, summed = phase_2 + updates[0];
  for (const double after : leaves) {
    link_free = std::max(link_free, phase_2 + after) + transfer;
    summed = std::max(summed, link_free + link.latency) + times.gradient_sum;
  }
  return summed + times.extractor_backward + times.extractor_optimizer;
}

double BestCriticalPath(const StepTimes& times, int64_t devices, const Link& link, const Messages& messages) {
  double best = std::numeric_limits<double>::infinity();
  for (int64_t used = 1; used <= devices; ++used) best = std::min(best, CriticalPath(times, used, link, messages));
  return best;
}

}  // namespace sid
