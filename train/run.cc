#include "train/run.h"

#include <exception>
#include <memory>
#include <ostream>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "sid/theory/diagnostics.h"
#include "third_party/logging/logging.h"
#include "train/failure.h"
#include "train/initial_weights.h"
#include "train/output/console.h"
#include "train/prepare.h"

namespace sid {
namespace {

void WarnOf(const std::string& what) { LOG(WARNING) << what << ": the rollback goes to the checkpoint before"; }

// As they stand at the end of metrics.jsonl: what a line there has told is not told again, and what a rollback has cut off is.
absl::StatusOr<Diagnostics> DiagnosticsSoFar(const Run& run) {
  Diagnostics diagnostics(run.prepared->probe, run.prepared->dataset.classes());
  if (run.prepared->config.probe_every == 0) return diagnostics;
  SID_ASSIGN_OR_RETURN(const std::vector<ProbeRecord> records, run.folder->ReadProbes());
  for (const ProbeRecord& record : records) diagnostics.Look(record);
  return diagnostics;
}

absl::StatusOr<TrainingHooks> HooksOf(const RunSurroundings& surroundings, const Run& run, Console& console) {
  TrainingHooks hooks{.clock = surroundings.clock};
  hooks.on_progress = [&console](const TrainingProgress& progress) { console.Progress(progress); };
  hooks.on_epoch = [&console, &run, now = surroundings.wall_clock](const EpochRecord& record) {
    console.Epoch(record);
    return run.folder ? run.folder->AppendEpoch(record, now()) : absl::OkStatus();
  };
  const auto diagnostics = std::make_shared<Diagnostics>(run.prepared->probe, run.prepared->dataset.classes());
  if (run.from) {
    SID_ASSIGN_OR_RETURN(*diagnostics, DiagnosticsSoFar(run));
  }
  const auto on_probe = [&console, &run, diagnostics, now = surroundings.wall_clock](const ProbeRecord& record) {
    const std::vector<Diagnosis> diagnoses = diagnostics->Look(record);
    for (const Diagnosis& diagnosis : diagnoses) console.Note(diagnosis.text);
    return run.folder ? run.folder->AppendProbe(record, diagnoses, now()) : absl::OkStatus();
  };
  AddProbe(*run.prepared, on_probe, hooks);
  hooks.stop = surroundings.stop;
  hooks.on_rollback = [&console](const std::string& what) { console.Note(what); };
  if (!run.folder) return hooks;
  hooks.from = run.from;
  hooks.save = [&run](const TrainingState& state) { return run.folder->Save(state); };
  hooks.load = [&run, diagnostics]() -> absl::StatusOr<TrainingState> {
    SID_ASSIGN_OR_RETURN(TrainingState state, run.folder->Load(WarnOf));
    SID_ASSIGN_OR_RETURN(*diagnostics, DiagnosticsSoFar(run));
    return state;
  };
  return hooks;
}

std::string WhereItGoesOn(const TrainingState& from) {
  std::string text = absl::StrCat("goes on from epoch ", from.epoch, ", step ", from.step);
  if (from.rollbacks > 0)
    absl::StrAppend(&text, ", with ", LearningRateScale(from.rollbacks), " of the learning rate after ", from.rollbacks,
                    from.rollbacks == 1 ? " rollback" : " rollbacks");
  return text;
}

// --epochs=0: how good the weights are that it began with.
TrainingResult EvaluateOnly(const PreparedRun& run, const std::function<double()>& clock, Console& console) {
  const double start = clock();
  const Dataset& data = run.dataset;
  const auto evaluate = [&](const Examples& part) {
    return Evaluate(*run.learner, part, data.statistics, run.options.evaluation);
  };
  if (data.validation.size() > 0) console.Table("Validation part of the training set", evaluate(data.validation));
  TrainingResult result{.test = evaluate(data.test)};
  console.Table("Test set", result.test);
  result.seconds = clock() - start;
  return result;
}

absl::StatusOr<TrainingResult> TrainRun(const RunSurroundings& surroundings, const Run& run, Console& console) {
  const PreparedRun& prepared = *run.prepared;
  if (prepared.options.epochs == 0) return EvaluateOnly(prepared, surroundings.clock, console);
  PhaseTimer untimed;
  SID_ASSIGN_OR_RETURN(TrainingHooks hooks, HooksOf(surroundings, run, console));
  hooks.pipeline = run.workers.pipeline.get();
  absl::StatusOr<TrainingResult> result = Train(prepared.dataset, prepared.options, hooks, untimed, *prepared.learner);
  if (!result.ok()) return result;
  console.End(*result);
  if (run.workers.ranks != nullptr)
    console.Note(absl::StrFormat("the %d ranks sent each other %.3f MB a step", run.workers.ranks->size(),
                                 hooks.pipeline->BytesPerStep() / 1e6));
  return result;
}

absl::Status Stopped(const absl::Status& status, const Run& run) {
  const std::string& out = run.prepared->config.out;
  return absl::CancelledError(absl::StrCat(
      status.message(), out.empty() ? ": nothing was kept, as there is no --out=DIR"
                                    : absl::StrCat("; the same command with --resume goes on from there (", out, ")")));
}

absl::Status TrainAndKeep(const RunSurroundings& surroundings, const Run& run) {
  const PreparedRun& prepared = *run.prepared;
  if (run.folder) SID_RETURN_IF_ERROR(run.folder->WriteConfig());
  Console console(surroundings.out, surroundings.clock, surroundings.terminal_columns);
  console.Begin(prepared);
  if (run.from) console.Note(WhereItGoesOn(*run.from));
  const auto result = TrainRun(surroundings, run, console);
  if (absl::IsCancelled(result.status())) return Stopped(result.status(), run);
  SID_RETURN_IF_ERROR(result.status());
  if (!run.folder) {
    if (prepared.options.epochs == 0) return absl::OkStatus();
    surroundings.out << "Nothing was kept: --out=DIR writes settings, metrics and weights." << std::endl;
    return absl::OkStatus();
  }
  SID_RETURN_IF_ERROR(run.folder->WriteResult(*result));
  surroundings.out << "Written to " << prepared.config.out << std::endl;
  return absl::OkStatus();
}

// This rank's part, and why it ended early: of several reasons the first one, of whichever rank.
absl::Status TakePart(const RunSurroundings& surroundings, Run& run) {
  Ranks& ranks = *run.workers.ranks;
  absl::Status status;
  try {
    status = ranks.rank() == 0 ? TrainAndKeep(surroundings, run) : run.workers.serve();
  } catch (const RankLost& lost) {
    const bool kept = !run.prepared->config.out.empty();
    status =
        absl::UnavailableError(absl::StrCat(lost.what(), kept ? "; --resume goes on from the last checkpoint" : ""));
  } catch (const std::exception& error) {
    ranks.TellFailure(
        absl::StrCat("rank ", ranks.rank(), " has failed: ", DescribeFailure(error, run.prepared->config)));
    throw;
  }
  if (!status.ok() && !absl::IsCancelled(status))
    status = absl::Status(status.code(), ranks.TellFailure(std::string(status.message())));
  run.workers.pipeline = nullptr;  // the others end when they have heard it
  return status;
}

// Where this run keeps what becomes of it, and the state to go on from.
absl::Status OpenFolder(const TrainConfig& config, const std::function<void(const std::string&)>& warn, Run& run) {
  SID_ASSIGN_OR_RETURN(run.folder, RunFolder::Open(*run.prepared));
  if (!config.resume) return absl::OkStatus();
  absl::StatusOr<TrainingState> from = run.folder->Load(warn);
  // Broken off before there was anything to keep: it begins.
  if (absl::IsNotFound(from.status()))
    return config.weights.empty() ? absl::OkStatus() : LoadWeights(config, *run.prepared->learner);
  SID_ASSIGN_OR_RETURN(run.from, std::move(from));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Run> BeginRun(TrainConfig config, const std::function<void(const std::string&)>& warn,
                             const RankOptions& ranks) {
  SID_RETURN_IF_ERROR(CountWorkers(ranks, config));
  Run run;
  SID_ASSIGN_OR_RETURN(PreparedRun prepared, Prepare(config));
  run.prepared = std::make_unique<PreparedRun>(std::move(prepared));
  SID_ASSIGN_OR_RETURN(run.workers, StartWorkers(ranks, *run.prepared));
  if (config.out.empty() || ranks.rank > 0) return run;
  const absl::Status opened = OpenFolder(config, warn, run);
  if (run.workers.ranks && !opened.ok()) run.workers.ranks->TellFailure(std::string(opened.message()));
  SID_RETURN_IF_ERROR(opened);
  return run;
}

absl::Status CompleteRun(const RunSurroundings& surroundings, Run& run) {
  return run.workers.ranks == nullptr ? TrainAndKeep(surroundings, run) : TakePart(surroundings, run);
}

}  // namespace sid
