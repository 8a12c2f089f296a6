#include "bench/harness/harness.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <utility>

#include "base/machine/memory.h"
#include "base/random.h"
#include "base/status.h"
#include "bench/contenders/ranks.h"
#include "bench/environment/environment.h"
#include "bench/harness/competitor.h"
#include "bench/statistics/statistics.h"

namespace sid {
namespace {

constexpr int64_t kFewestSamples = 5;
constexpr size_t kSettledOver = 4;  // steps; their median against that of as many before
constexpr double kSettled = 0.05;
constexpr int64_t kWorkersWarmUp = 2;  // steps, of which a difference of two times gives the mean

// Bytes of the weights, and of what the contenders' optimizer, Adam, keeps of each: its two moments.
MemoryUse BytesKept(const Learner& learner) {
  MemoryUse use{.above_bytes = -1};
  for (const NamedTensor& one : learner.State()) {
    if (one.is_moment() && one.tensor.dim() == 0) continue;  // its number of steps
    (one.is_moment() ? use.optimizer_bytes : use.parameter_bytes) += static_cast<int64_t>(one.tensor.nbytes());
  }
  return use;
}

// Warm-up's verdict on the times so far.
bool Settled(const std::vector<double>& seconds) {
  if (seconds.size() < 2 * kSettledOver) return false;
  const auto end = seconds.end(), middle = end - kSettledOver, begin = middle - kSettledOver;
  const double before = Median({begin, middle}), after = Median({middle, end});
  return std::abs(after - before) < kSettled * before;
}

class Passes {
 public:
  Passes(const Harness& harness, std::vector<Measurement>& measurements)
      : harness_(harness), measurements_(measurements) {}

  absl::Status Run() {
    SID_RETURN_IF_ERROR(MakeCompetitors());
    WarmUp();
    Latency();
    Profile();
    competitors_.clear();  // memory's contenders are made one at a time
    return Memory();
  }

 private:
  absl::Status MakeCompetitors() {
    for (const Measurement& measurement : measurements_) {
      SID_ASSIGN_OR_RETURN(Competitor competitor,
                           Competitor::Make(measurement.contender, harness_.problem, harness_.device));
      competitors_.push_back(std::move(competitor));
    }
    return absl::OkStatus();
  }

  void WarmUp() {
    harness_.on_pass("warm-up");
    PhaseTimer untimed;
    for (size_t i = 0; i < competitors_.size(); ++i) {
      std::vector<double> seconds;
      while (!Settled(seconds) && static_cast<int64_t>(seconds.size()) < harness_.options.most_warm_up) {
        const int64_t steps = competitors_[i].has_workers() ? kWorkersWarmUp : 1;
        seconds.push_back(competitors_[i].SecondsPerStep(steps, untimed, harness_.clock));
      }
      measurements_[i].stationary = Settled(seconds);
      const auto recent = seconds.end() - static_cast<int64_t>(std::min(seconds.size(), kSettledOver));
      const double steps = harness_.options.sample_seconds / Median({recent, seconds.end()});
      steps_.push_back(std::max<int64_t>(1, std::llround(steps)));
    }
  }

  void Latency() {
    PhaseTimer untimed;
    Rounds("latency", [&](size_t i) {
      // The others were here in between: the first step finds the caches as they left them.
      competitors_[i].Step(1, untimed);
      WaitFor(harness_.device);
      Sample sample;
      sample.disturbance = Watched(competitors_[i], [&] {
        sample.seconds = competitors_[i].SecondsPerStep(steps_[i], untimed, harness_.clock);
      });
      measurements_[i].latency.push_back(sample);
      return sample.disturbance.empty();
    });
  }

  void Profile() {
    const auto timer = MakeTimer(harness_.device, harness_.clock);
    for (size_t i = 0; i < competitors_.size(); ++i) {
      if (measurements_[i].contender.captured) competitors_[i].TimeReplays();
    }
    std::vector<std::vector<std::vector<PhaseTime>>> steps(competitors_.size()), disturbed(competitors_.size());
    Rounds("profile", [&](size_t i) {
      competitors_[i].Profile(*timer);  // the others were here in between
      std::vector<PhaseTime> phases;
      const std::string disturbance = Watched(competitors_[i], [&] { phases = competitors_[i].Profile(*timer); });
      (disturbance.empty() ? steps : disturbed)[i].push_back(std::move(phases));
      return disturbance.empty();
    });
    for (size_t i = 0; i < competitors_.size(); ++i) {
      measurements_[i].phases_trusted = static_cast<int64_t>(steps[i].size()) >= kFewestSamples;
      if (!measurements_[i].phases_trusted) steps[i].insert(steps[i].end(), disturbed[i].begin(), disturbed[i].end());
      measurements_[i].phases = Collect(steps[i]);
      measurements_[i].gradient_sum = GradientSum(measurements_[i].contender.batch);
    }
  }

  absl::Status Memory() {
    harness_.on_pass("memory");
    for (Measurement& measurement : measurements_) {
      SID_ASSIGN_OR_RETURN(measurement.memory, MeasureMemory(measurement.contender, harness_.problem, harness_.device));
    }
    return absl::OkStatus();
  }

  // Rounds of `measure`, which says whether its sample counts, until each contender has enough that do.
  template <typename Function>
  void Rounds(std::string_view pass, const Function& measure) {
    harness_.on_pass(pass);
    std::vector<int64_t> counting(competitors_.size());
    const int64_t wanted = harness_.options.samples;
    std::mt19937_64 random(MixSeed(harness_.options.seed, RandomUse::kBenchmarkOrder));
    std::vector<size_t> order(competitors_.size());
    std::iota(order.begin(), order.end(), size_t{0});
    const double begin = harness_.clock();
    for (int64_t round = 0; round < 2 * wanted; ++round) {
      if (round >= kFewestSamples && harness_.clock() - begin > harness_.options.most_seconds) break;
      if (*std::min_element(counting.begin(), counting.end()) >= wanted) break;
      std::shuffle(order.begin(), order.end(), random);
      for (const size_t i : order) counting[i] += measure(i) ? 1 : 0;
    }
  }

  double GradientSum(int64_t batch) const {
    const at::TensorOptions options = at::TensorOptions(harness_.device).dtype(at::kFloat);
    at::Tensor sum = at::zeros({batch, harness_.problem.features}, options);
    const at::Tensor gradient = at::ones_like(sum);
    std::vector<double> seconds;
    for (int k = 0; k < 50; ++k) {
      const double begin = harness_.clock();
      sum += gradient;
      WaitFor(harness_.device);
      seconds.push_back(harness_.clock() - begin);
    }
    return Median(seconds);
  }

  // What disturbed `measure`: counted over all that it does, which of a pipeline is more than what it times.
  template <typename Function>
  std::string Watched(const Competitor& competitor, const Function& measure) const {
    const MachineState before = ReadMachineState(harness_.gpu);
    const double begin = harness_.clock();
    measure();
    const double seconds = harness_.clock() - begin;
    MachineState after = ReadMachineState(harness_.gpu);
    after.gpu_clock = held_clock_.Share(after.gpu_mhz);
    return Disturbance(before, after, seconds, competitor.threads());
  }

  // Of steps with the same phases each: the series of every phase, and of its modules, each step's added up.
  static std::vector<PhaseSamples> Collect(const std::vector<std::vector<PhaseTime>>& steps) {
    std::vector<PhaseSamples> series;
    const auto add = [&](const PhaseTime& phase, int64_t module, size_t step) {
      auto found = std::find_if(series.begin(), series.end(), [&](const PhaseSamples& other) {
        return other.phase == phase.phase && other.module == module;
      });
      if (found == series.end()) found = series.insert(series.end(), PhaseSamples{phase.phase, module, {}});
      found->seconds.resize(step + 1);
      found->seconds[step] += phase.seconds;
    };
    for (size_t step = 0; step < steps.size(); ++step) {
      for (const PhaseTime& phase : steps[step]) {
        if (phase.module >= 0) add(phase, phase.module, step);
        add(phase, -1, step);
      }
    }
    return series;
  }

  const Harness& harness_;
  std::vector<Measurement>& measurements_;
  std::vector<Competitor> competitors_;
  std::vector<int64_t> steps_;  // of a sample, for each contender
  mutable ClockUnderLoad held_clock_;
};

}  // namespace

absl::StatusOr<std::vector<Measurement>> Measure(const Harness& harness, const std::vector<Contender>& contenders) {
  std::vector<Measurement> measurements;
  measurements.reserve(contenders.size());
  for (const Contender& contender : contenders) measurements.push_back({.contender = contender});
  SID_RETURN_IF_ERROR(Passes(harness, measurements).Run());
  return measurements;
}

absl::StatusOr<MemoryUse> MeasureMemory(const Contender& contender, const Problem& problem, at::Device device) {
  if (!device.is_cuda()) CountCpuTensorBytes();
  Activate(contender, device);
  const Batch batch = MakeBatch(contender, problem, device);
  PhaseTimer untimed;
  if (device.is_cuda()) {
    // The first products make cuBLAS' workspace, a tensor that stays: it belongs to the process, not to this contender.
    SID_ASSIGN_OR_RETURN(const std::unique_ptr<Learner> first, MakeContender(contender, problem, device));
    first->Step(batch, kBenchLearningRate, untimed);
  }
  const int64_t before = LiveTensorBytes(device);
  SID_ASSIGN_OR_RETURN(const std::unique_ptr<Learner> learner, MakeContender(contender, problem, device));
  MemoryUse use = BytesKept(*learner);
  if (IsOverRanks(contender)) return use;
  Contender plain = contender;
  plain.captured = false;
  SID_ASSIGN_OR_RETURN(const std::shared_ptr<Pipeline> pipeline, MakePipeline(plain, *learner, device));
  const auto step = [&] {
    if (pipeline != nullptr)
      pipeline->Begin(batch, kBenchLearningRate);
    else
      learner->Step(batch, kBenchLearningRate, untimed);
  };
  // Until the optimizer has its state, and each worker of a pipeline a batch.
  for (size_t k = 0; k < (pipeline != nullptr ? learner->LossDepths().size() : 1); ++k) step();
  ResetPeakTensorBytes(device);
  step();
  // Streams do not share what is free, which live tensors do not show.
  const bool countable = device.is_cpu() || contender.schedule == "serial";
  if (countable) use.above_bytes = PeakTensorBytes(device) - before - use.parameter_bytes - use.optimizer_bytes;
  return use;
}

Pairs PairsOf(const std::vector<Sample>& first, const std::vector<Sample>& second) {
  Pairs counting, all;
  for (size_t round = 0; round < first.size(); ++round) {
    all.first.push_back(first[round].seconds);
    all.second.push_back(second[round].seconds);
    if (!first[round].disturbance.empty() || !second[round].disturbance.empty()) continue;
    counting.first.push_back(first[round].seconds);
    counting.second.push_back(second[round].seconds);
  }
  if (static_cast<int64_t>(counting.first.size()) >= kFewestSamples) return counting;
  all.trusted = false;
  return all;
}

}  // namespace sid
