#include "bench/results/report.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace sid {
namespace {

using nlohmann::ordered_json;

ordered_json ToJson(const Summary& summary) {
  return {{"median", summary.median},
          {"deviation", summary.deviation},
          {"low", summary.interval.low},
          {"high", summary.interval.high},
          {"samples", summary.samples}};
}

const char* PhasesOf(const ContenderResult& result) { return result.phases_of_replays ? "replay" : "plain step"; }

ordered_json ToJson(const ContenderResult& result) {
  ordered_json phases = ordered_json::array();
  for (const PhaseResult& phase : result.phases) {
    phases.push_back({{"phase", phase.phase}, {"module", phase.module}, {"seconds", ToJson(phase.seconds)}});
  }
  return {{"label", Label(result.contender)},
          {"name", Name(result.contender)},
          {"learner", result.contender.learner},
          {"network", result.contender.network},
          {"partition", result.contender.partition},
          {"head", result.contender.head},
          {"executor", result.contender.executor},
          {"chunk", result.contender.chunk},
          {"schedule", result.contender.schedule},
          {"precision", result.contender.precision},
          {"captured", result.contender.captured},
          {"threads", result.contender.threads},
          {"depth", result.contender.depth},
          {"batch", result.contender.batch},
          {"step_seconds", ToJson(result.step)},
          {"discarded", result.discarded},
          {"disturbances", result.disturbances},
          {"stationary", result.stationary},
          {"trusted", result.trusted},
          {"phases_of", PhasesOf(result)},
          {"phases", phases},
          {"gradient_sum_seconds", result.gradient_sum},
          {"parameter_bytes", result.memory.parameter_bytes},
          {"optimizer_bytes", result.memory.optimizer_bytes},
          {"above_bytes", result.memory.above_bytes}};
}

ordered_json ToJson(const ModelledPipeline& pipeline) {
  return {{"label", pipeline.label},
          {"stages_of", pipeline.serial},
          {"stage_seconds", pipeline.stages},
          {"predicted_seconds", pipeline.predicted},
          {"step_seconds", ToJson(pipeline.measured)}};
}

ordered_json ToJson(const ModelledSpeedup& modelled) {
  ordered_json critical_path = ordered_json::array();
  for (const auto& [devices, speedup] : modelled.critical_path) {
    critical_path.push_back({{"devices", devices}, {"speedup", speedup}});
  }
  return {{"label", modelled.label},
          {"depth", modelled.depth},
          {"phase_1_seconds", modelled.phase_1},
          {"phase_2_seconds", modelled.phase_2},
          {"slowest_module_seconds", modelled.slowest_module},
          {"all_modules_seconds", modelled.all_modules},
          {"optimizer_seconds", modelled.optimizer},
          {"theoretical", modelled.theoretical},
          {"critical_path", critical_path},
          {"partition", modelled.partition},
          {"partition_speedup", modelled.of_partition}};
}

std::string Milliseconds(double seconds) { return absl::StrFormat("%.3f", 1e3 * seconds); }

// "1.234 | 0.012 | 1.200 - 1.300": three columns.
std::string Columns(const Summary& summary) {
  return absl::StrCat(Milliseconds(summary.median), " | ", Milliseconds(summary.deviation), " | ",
                      Milliseconds(summary.interval.low), " - ", Milliseconds(summary.interval.high));
}

std::string Doubt(bool trusted) { return trusted ? "" : " (disturbed)"; }

std::string StepTable(const Results& results) {
  std::string text =
      "| step, ms | L | B | median | MAD | 95 % | samples | discarded |\n"
      "|---|---|---|---|---|---|---|---|\n";
  for (const ContenderResult& result : results.contenders) {
    absl::StrAppendFormat(&text, "| %s%s%s | %d | %d | %s | %d | %d |\n", Name(result.contender), Doubt(result.trusted),
                          result.stationary ? "" : " (not settled)", result.contender.depth, result.contender.batch,
                          Columns(result.step), result.step.samples, result.discarded);
  }
  return text;
}

std::string PhaseTable(const Results& results) {
  std::string text =
      "| phase, ms | L | B | of a | phase | median | MAD | 95 % | of it |\n|---|---|---|---|---|---|---|---|---|\n";
  for (const ContenderResult& result : results.contenders) {
    double step = 0;
    for (const PhaseResult& phase : result.phases) {
      if (phase.module >= 0) continue;  // in the JSON
      if (phase.phase == "step") step = phase.seconds.median;
      absl::StrAppendFormat(&text, "| %s | %d | %d | %s | %s | %s | %.1f %% |\n", Name(result.contender),
                            result.contender.depth, result.contender.batch, PhasesOf(result), phase.phase,
                            Columns(phase.seconds), 100 * phase.seconds.median / step);
    }
  }
  return text;
}

std::string MemoryTable(const Results& results) {
  std::string text =
      "| memory, MiB | L | B | parameters | optimizer | peak above both |\n"
      "|---|---|---|---|---|---|\n";
  const auto mebibytes = [](int64_t bytes) {
    return bytes < 0 ? "-" : absl::StrFormat("%.2f", static_cast<double>(bytes) / (1 << 20));
  };
  for (const ContenderResult& result : results.contenders) {
    absl::StrAppendFormat(&text, "| %s | %d | %d | %s | %s | %s |\n", Name(result.contender), result.contender.depth,
                          result.contender.batch, mebibytes(result.memory.parameter_bytes),
                          mebibytes(result.memory.optimizer_bytes), mebibytes(result.memory.above_bytes));
  }
  return text;
}

std::string MeasuredTable(const Results& results) {
  std::string text =
      "| measured: wall clock against wall clock | speedup | 95 % | pairs |\n"
      "|---|---|---|---|\n";
  for (const MeasuredSpeedup& measured : results.measured) {
    absl::StrAppendFormat(&text, "| %s over %s%s | %.3f | %.3f - %.3f | %d |\n", measured.of, measured.over,
                          Doubt(measured.trusted), measured.ratio.median, measured.ratio.interval.low,
                          measured.ratio.interval.high, measured.ratio.samples);
  }
  return text;
}

std::string ModelledTables(const Results& results) {
  std::string theoretical =
      "| theoretical: modules alone | phase 1, ms | phase 2, ms | all modules, ms | slowest, ms | sum / slowest |\n"
      "|---|---|---|---|---|---|\n";
  std::string critical_path =
      "| critical path: a whole step, modelled | speedup on devices |\n"
      "|---|---|\n";
  for (const ModelledSpeedup& modelled : results.modelled) {
    absl::StrAppendFormat(&theoretical, "| %s | %s | %s | %s | %s | %.2f |\n", modelled.label,
                          Milliseconds(modelled.phase_1), Milliseconds(modelled.phase_2),
                          Milliseconds(modelled.all_modules), Milliseconds(modelled.slowest_module),
                          modelled.theoretical);
    absl::StrAppend(&critical_path, "| ", modelled.label, " |");
    for (const auto& [devices, speedup] : modelled.critical_path) {
      absl::StrAppendFormat(&critical_path, " %d: %.3f", devices, speedup);
    }
    if (!modelled.partition.empty()) {
      absl::StrAppendFormat(&critical_path, " %s modules: %.3f", absl::StrJoin(modelled.partition, "+"),
                            modelled.of_partition);
    }
    absl::StrAppend(&critical_path, " |\n");
  }
  return absl::StrCat(theoretical, "\n", critical_path);
}

// The model's time of a pipeline beside the measured one.
std::string PipelineTable(const Results& results) {
  std::string text =
      "| pipeline, ms | each stage alone | slowest: predicted | measured | 95 % | measured / predicted |\n"
      "|---|---|---|---|---|---|\n";
  for (const ModelledPipeline& one : results.pipelines) {
    const auto add = [](std::string* out, double seconds) { absl::StrAppend(out, Milliseconds(seconds)); };
    absl::StrAppendFormat(&text, "| %s | %s | %s | %s | %s - %s | %.2f |\n", one.label,
                          absl::StrJoin(one.stages, " + ", add), Milliseconds(one.predicted),
                          Milliseconds(one.measured.median), Milliseconds(one.measured.interval.low),
                          Milliseconds(one.measured.interval.high), one.measured.median / one.predicted);
  }
  return text;
}

}  // namespace

ordered_json ToJson(const Results& results) {
  ordered_json json = {{"schema", kSchema},
                       {"environment", results.environment},
                       {"settings", results.settings},
                       {"warnings", results.warnings},
                       {"timer_seconds_per_phase", results.timer_seconds},
                       {"contenders", ordered_json::array()},
                       {"measured_speedups", ordered_json::array()},
                       {"modelled_speedups", ordered_json::array()},
                       {"modelled_pipelines", ordered_json::array()}};
  for (const ContenderResult& result : results.contenders) json["contenders"].push_back(ToJson(result));
  for (const MeasuredSpeedup& measured : results.measured) {
    json["measured_speedups"].push_back({{"of", measured.of},
                                         {"over", measured.over},
                                         {"ratio", ToJson(measured.ratio)},
                                         {"trusted", measured.trusted}});
  }
  for (const ModelledSpeedup& modelled : results.modelled) json["modelled_speedups"].push_back(ToJson(modelled));
  for (const ModelledPipeline& one : results.pipelines) json["modelled_pipelines"].push_back(ToJson(one));
  return json;
}

std::string ToMarkdown(const Results& results) {
  std::string text = absl::StrJoin({StepTable(results), PhaseTable(results), MemoryTable(results)}, "\n");
  if (!results.modelled.empty()) absl::StrAppend(&text, "\n", ModelledTables(results));
  if (!results.pipelines.empty()) absl::StrAppend(&text, "\n", PipelineTable(results));
  if (!results.measured.empty()) absl::StrAppend(&text, "\n", MeasuredTable(results));
  return text;
}

}  // namespace sid
