#include "bench/results/results.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "baselines/learners.h"

namespace sid {
namespace {

ContenderResult ReduceOne(const Measurement& measurement, uint64_t seed) {
  ContenderResult result{.contender = measurement.contender,
                         .stationary = measurement.stationary,
                         .phases_of_replays = measurement.phases_of_replays,
                         .gradient_sum = measurement.gradient_sum,
                         .memory = measurement.memory};
  result.step = Summarise(Undisturbed(measurement.latency, &result.trusted), seed);
  result.trusted = result.trusted && measurement.phases_trusted;
  for (const Sample& sample : measurement.latency) {
    if (sample.disturbance.empty()) continue;
    ++result.discarded;
    ++result.disturbances[sample.disturbance];
  }
  for (const PhaseSamples& phase : measurement.phases) {
    result.phases.push_back({phase.phase, phase.module, Summarise(phase.seconds, seed)});
  }
  return result;
}

double Seconds(const ContenderResult& result, const std::string& phase) {
  const auto found = std::find_if(result.phases.begin(), result.phases.end(),
                                  [&](const PhaseResult& other) { return other.phase == phase && other.module < 0; });
  return found == result.phases.end() ? 0 : found->seconds.median;
}

std::vector<double> ModuleSeconds(const ContenderResult& result) {
  std::vector<double> seconds;
  for (const PhaseResult& phase : result.phases) {
    if (phase.module >= 0) seconds.push_back(phase.seconds.median);
  }
  return seconds;
}

// Of the optimizer's time each module has its part, and the extractor the rest: by parameters, of which it reads and writes the
// same number of bytes each.
double OptimizerOfAModule(const ContenderResult& result, const Problem& problem) {
  const auto all = static_cast<double>(result.memory.parameter_bytes) / sizeof(float);
  return Seconds(result, "optimizer") * static_cast<double>(ModuleParameters(problem)) / all;
}

StepTimes TimesOf(const ContenderResult& result, const Problem& problem) {
  StepTimes times{.extractor_forward = Seconds(result, "extractor forward"),
                  .modules = ModuleSeconds(result),
                  .gradient_sum = result.gradient_sum,
                  .extractor_backward = Seconds(result, "extractor backward")};
  const auto depth = static_cast<double>(times.modules.size());
  times.teachers.assign(times.modules.size(), Seconds(result, "teachers") / depth);
  const double optimizer = OptimizerOfAModule(result, problem);
  for (double& module : times.modules) module += optimizer;
  times.extractor_optimizer = std::max(0.0, Seconds(result, "optimizer") - depth * optimizer);
  return times;
}

ModelledSpeedup Model(const ContenderResult& result, const Problem& problem, const ModelledDevices& imagined) {
  const StepTimes times = TimesOf(result, problem);
  const int64_t batch = result.contender.batch, depth = result.contender.depth;
  const Messages messages{.features_bytes = static_cast<double>(batch * problem.features) * sizeof(float),
                          .belief_bytes = static_cast<double>(batch * problem.classes) * sizeof(float)};
  ModelledSpeedup modelled{.label = Label(result.contender),
                           .depth = depth,
                           .phase_1 = times.extractor_forward + Seconds(result, "teachers"),
                           .phase_2 = Seconds(result, "local update"),
                           .optimizer = Seconds(result, "optimizer"),
                           .theoretical = TheoreticalSpeedup(times.modules)};
  modelled.slowest_module = *std::max_element(times.modules.begin(), times.modules.end());
  modelled.all_modules = modelled.theoretical * modelled.slowest_module;
  const double one = CriticalPath(times, {depth}, imagined.link, messages);
  for (int64_t devices = 1; devices <= depth; devices = devices < depth ? std::min(2 * devices, depth) : depth + 1) {
    modelled.critical_path.push_back({devices, one / BestCriticalPath(times, devices, imagined.link, messages)});
  }
  if (std::accumulate(imagined.partition.begin(), imagined.partition.end(), int64_t{0}) == depth) {
    modelled.partition = imagined.partition;
    modelled.of_partition = one / CriticalPath(times, imagined.partition, imagined.link, messages);
  }
  return modelled;
}

// Of each pipeline whose serial steps are contenders too.
std::vector<ModelledPipeline> Pipelines(const std::vector<ContenderResult>& contenders) {
  std::vector<ModelledPipeline> pipelines;
  for (const ContenderResult& pipeline : contenders) {
    if (pipeline.contender.schedule != "pipeline" && pipeline.contender.schedule != "ranks") continue;
    Contender like = pipeline.contender;
    like.schedule = "serial";
    for (const ContenderResult& serial : contenders) {
      if (Label(serial.contender) != Label(like)) continue;
      ModelledPipeline modelled{Label(pipeline.contender), Label(like), {}, 0, pipeline.step};
      for (const PhaseResult& phase : serial.phases)
        if (phase.phase == "stage" && phase.module >= 0) modelled.stages.push_back(phase.seconds.median);
      if (modelled.stages.empty()) continue;
      modelled.predicted = *std::max_element(modelled.stages.begin(), modelled.stages.end());
      pipelines.push_back(std::move(modelled));
    }
  }
  return pipelines;
}

}  // namespace

void Reduce(const std::vector<Measurement>& measurements, const Problem& problem, const ModelledDevices& devices,
            uint64_t seed, Results* results) {
  for (const Measurement& measurement : measurements) results->contenders.push_back(ReduceOne(measurement, seed));
  for (const ContenderResult& result : results->contenders) {
    // The model is of modules that share one extractor.
    if (result.contender.partition != "shared") continue;
    if (static_cast<int64_t>(ModuleSeconds(result).size()) == result.contender.depth) {
      results->modelled.push_back(Model(result, problem, devices));
    }
  }
  results->pipelines = Pipelines(results->contenders);
  for (size_t i = 0; i < measurements.size(); ++i) {
    for (size_t j = i + 1; j < measurements.size(); ++j) {
      const Contender &of = measurements[j].contender, &over = measurements[i].contender;
      if (of.depth != over.depth || of.batch != over.batch || of.network != over.network) continue;
      // What is compared with backpropagation is SID, whichever came first.
      const auto local = [](const Contender& one) { return FindLearner(one.learner)->local_losses; };
      const bool inverse = local(over) && !local(of);
      const size_t base = inverse ? j : i, own = inverse ? i : j;
      const Pairs pairs = PairsOf(measurements[base].latency, measurements[own].latency);
      results->measured.push_back({Label(measurements[own].contender), Label(measurements[base].contender),
                                   SummariseRatios(pairs.first, pairs.second, seed), pairs.trusted});
    }
  }
}

}  // namespace sid
