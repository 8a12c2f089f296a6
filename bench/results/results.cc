#include "bench/results/results.h"

#include <algorithm>
#include <map>

#include "baselines/learners.h"
#include "bench/results/read.h"
#include "bench/statistics/statistics.h"

namespace sid {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Contender, learner, network, partition, head, executor, chunk, schedule, precision,
                                   captured, threads, depth, batch)

namespace {

using nlohmann::ordered_json;

ordered_json ToJson(const Summary& summary) {
  return {{"median", summary.median},
          {"low", summary.interval.low},
          {"high", summary.interval.high},
          {"samples", summary.samples}};
}

ordered_json ReduceOne(const Measurement& measurement) {
  const Contender& contender = measurement.contender;
  const MemoryUse& memory = measurement.memory;
  const Pairs steps = PairsOf(measurement.latency, measurement.latency);
  std::map<std::string, int64_t> disturbances;
  for (const Sample& sample : measurement.latency) {
    if (!sample.disturbance.empty()) ++disturbances[sample.disturbance];
  }
  ordered_json phases = ordered_json::array();
  for (const PhaseSamples& phase : measurement.phases) {
    phases.push_back({{"phase", phase.phase}, {"module", phase.module}, {"seconds", ToJson(Summarise(phase.seconds))}});
  }
  ordered_json json = {{"label", Label(contender)}, {"name", Name(contender)}};
  json.update(ordered_json(nlohmann::json(contender)));
  json.update({{"step_seconds", ToJson(Summarise(steps.first))},
               {"discarded", std::count_if(measurement.latency.begin(), measurement.latency.end(),
                                           [](const Sample& sample) { return !sample.disturbance.empty(); })},
               {"disturbances", disturbances},
               {"stationary", measurement.stationary},
               {"trusted", steps.trusted && measurement.phases_trusted},
               {"phases_of", contender.captured ? "replay" : "plain step"},
               {"phases", phases},
               {"gradient_sum_seconds", measurement.gradient_sum},
               {"parameter_bytes", memory.parameter_bytes},
               {"optimizer_bytes", memory.optimizer_bytes},
               {"above_bytes", memory.above_bytes}});
  return json;
}

// Of each module, or stage, that has a phase of its own.
std::vector<double> ModuleSeconds(const ordered_json& contender, const std::string& name) {
  std::vector<double> seconds;
  for (const ordered_json& phase : contender.at("phases")) {
    if (phase.at("phase") == name && phase.at("module") >= 0) seconds.push_back(phase.at("seconds").at("median"));
  }
  return seconds;
}

// Of the optimizer's time each module has its part, and the extractor the rest: by parameters, of which it reads and writes the
// same number of bytes each.
StepTimes TimesOf(const ordered_json& contender, const Problem& problem) {
  StepTimes times{.extractor_forward = PhaseSeconds(contender, "extractor forward"),
                  .modules = ModuleSeconds(contender, "local update"),
                  .gradient_sum = contender.at("gradient_sum_seconds"),
                  .extractor_backward = PhaseSeconds(contender, "extractor backward")};
  const auto depth = static_cast<double>(times.modules.size());
  times.teachers.assign(times.modules.size(), PhaseSeconds(contender, "teachers") / depth);
  const double all = contender.at("parameter_bytes").get<double>() / sizeof(float);
  const double optimizer = PhaseSeconds(contender, "optimizer");
  const double of_a_module = optimizer * static_cast<double>(ModuleParameters(problem)) / all;
  for (double& module : times.modules) module += of_a_module;
  times.extractor_optimizer = std::max(0.0, optimizer - depth * of_a_module);
  return times;
}

ordered_json Model(const ordered_json& contender, const Problem& problem, const Link& link) {
  const StepTimes times = TimesOf(contender, problem);
  const auto depth = contender.at("depth").get<int64_t>(), batch = contender.at("batch").get<int64_t>();
  const Messages messages{.features_bytes = static_cast<double>(batch * problem.features) * sizeof(float),
                          .belief_bytes = static_cast<double>(batch * problem.classes) * sizeof(float)};
  const double slowest = *std::max_element(times.modules.begin(), times.modules.end());
  const double one = CriticalPath(times, 1, link, messages);
  ordered_json critical_path = ordered_json::array();
  for (int64_t devices = 1; devices <= depth; devices = devices < depth ? std::min(2 * devices, depth) : depth + 1) {
    critical_path.push_back(
        {{"devices", devices}, {"speedup", one / BestCriticalPath(times, devices, link, messages)}});
  }
  return {{"label", contender.at("label")},
          {"depth", depth},
          {"phase_1_seconds", times.extractor_forward + PhaseSeconds(contender, "teachers")},
          {"phase_2_seconds", PhaseSeconds(contender, "local update")},
          {"slowest_module_seconds", slowest},
          {"all_modules_seconds", TheoreticalSpeedup(times.modules) * slowest},
          {"optimizer_seconds", PhaseSeconds(contender, "optimizer")},
          {"theoretical", TheoreticalSpeedup(times.modules)},
          {"critical_path", critical_path}};
}

// A pipeline with a device or a core for each stage takes as long as its slowest stage alone; where stages share a GPU that is a bound,
// which their sum over the number of stages is as well. The stages' times are those of the same contender's serial steps.
ordered_json Pipelines(const std::vector<Measurement>& measurements, const ordered_json& contenders) {
  ordered_json pipelines = ordered_json::array();
  for (size_t i = 0; i < measurements.size(); ++i) {
    Contender serial = measurements[i].contender;
    if (serial.schedule != "pipeline" && serial.schedule != "ranks") continue;
    serial.schedule = "serial";
    for (const ordered_json& other : contenders) {
      const std::vector<double> stages = ModuleSeconds(other, "stage");
      if (other.at("label") != Label(serial) || stages.empty()) continue;
      pipelines.push_back({{"label", contenders[i].at("label")},
                           {"stages_of", other.at("label")},
                           {"stage_seconds", stages},
                           {"predicted_seconds", *std::max_element(stages.begin(), stages.end())},
                           {"step_seconds", contenders[i].at("step_seconds")}});
    }
  }
  return pipelines;
}

// How many times faster `of` is than `over`.
ordered_json Measured(const Measurement& of, const Measurement& over) {
  const Pairs pairs = PairsOf(over.latency, of.latency);
  return {{"of", Label(of.contender)},
          {"over", Label(over.contender)},
          {"ratio", ToJson(SummariseRatios(pairs.first, pairs.second))},
          {"trusted", pairs.trusted}};
}

ordered_json MeasuredSpeedups(const std::vector<Measurement>& measurements) {
  ordered_json speedups = ordered_json::array();
  const auto local = [](const Measurement& one) { return FindLearner(one.contender.learner)->local_losses; };
  for (size_t i = 0; i < measurements.size(); ++i) {
    for (size_t j = i + 1; j < measurements.size(); ++j) {
      const Measurement &first = measurements[i], &second = measurements[j];
      const Contender &a = first.contender, &b = second.contender;
      if (a.depth != b.depth || a.batch != b.batch || a.network != b.network) continue;
      // What is compared with backpropagation is SID, whichever came first.
      const bool inverse = local(first) && !local(second);
      speedups.push_back(inverse ? Measured(first, second) : Measured(second, first));
    }
  }
  return speedups;
}

}  // namespace

ordered_json Reduce(const std::vector<Measurement>& measurements, const Problem& problem, const Link& link) {
  ordered_json contenders = ordered_json::array(), modelled = ordered_json::array();
  for (const Measurement& measurement : measurements) contenders.push_back(ReduceOne(measurement));
  for (const ordered_json& contender : contenders) {
    const size_t modules = ModuleSeconds(contender, "local update").size();
    if (contender.at("partition") != "shared" || contender.at("depth") != modules) continue;
    modelled.push_back(Model(contender, problem, link));
  }
  const ordered_json pipelines = Pipelines(measurements, contenders);
  return {{"contenders", std::move(contenders)},
          {"measured_speedups", MeasuredSpeedups(measurements)},
          {"modelled_speedups", modelled},
          {"modelled_pipelines", pipelines}};
}

}  // namespace sid
