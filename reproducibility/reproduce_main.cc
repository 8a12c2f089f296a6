// ./tools/bazel run //:reproduce -- --help

#include <algorithm>
#include <iostream>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/command_line/copies.h"
#include "base/command_line/data_program.h"
#include "base/command_line/flags.h"
#include "base/command_line/program.h"
#include "base/files.h"
#include "base/machine/device.h"
#include "base/machine/limits.h"
#include "base/status.h"
#include "reproducibility/reproduce.h"

namespace sid {
namespace {

struct Flags {
  ReproduceRequest request;
  std::string budget;
  bool plan = false, judge = false, runs_only = false;
  int64_t jobs = 0;
  double seconds = 0;
  ProgramFlags program{
      "Tests the paper's claims: runs what is missing, judges each claim by its rule, and writes report.json, .md and "
      ".html.\n\n"
      "Usage: ./tools/bazel run //:reproduce -- --budget=quick --out=DIR",
      {}};
};

// The defaults are ReproduceRequest's own: they stand in one place.
Flags* Register() {
  auto* const flags = new Flags;
  ReproduceRequest& request = flags->request;
  FlagTopic claims{"Claims", {}}, run{"Run", {}};
  claims.Add("claims", &request.claims, "all, or names separated by commas: C1,C7,R5");
  claims.Add("experiment", &request.experiment,
             absl::StrCat("instead of claims one experiment with all its settings, those too that no rule reads; "
                          "trains only. There are ",
                          absl::StrJoin(ExperimentNames(), ", ")));
  claims.Add("budget", &flags->budget,
             "quick (mnist-mini, two seeds, within ten minutes on two cores, decides little) or full (as the rules "
             "ask, tuned: for GPUs); empty for what the next flags say");
  claims.Add("seeds", &request.seeds, "of every contrast; 0 for as many as each rule asks for");
  claims.Add("epochs", &request.size.epochs, "of every run; 0 for as many as each rule asks for");
  claims.Add("tune", &request.tune,
             "three learning rates on the first seed for rules that ask for a choice, the best one for the rest");
  claims.Add("train_images", &request.size.train_images, "how many of the training set; 0 for all");
  claims.Add("batch_size", &request.size.batch_size, "images a step; 0 for the recipe's");
  claims.Add("dataset", &request.size.dataset,
             "another data set than the experiments' own, in place of the first of each");
  claims.Add("plan", &flags->plan, "print the runs and end");
  claims.Add("judge", &flags->judge, "run nothing: judge what --out holds anew, by the rules as they are now");
  claims.Add("data_dir", &request.size.data_dir,
             "without --budget=quick: the folder that holds the data sets; //data:fetch downloads them");
  claims.Add("bench", &request.bench,
             "results.json of //:bench, for what is about time and memory, or several of other machines, separated by "
             "commas; when left out OUT/bench.json, measured where it is not there yet");
  claims.Add("out", &request.out, "the folder of runs and report: what is there already is not run again");

  run.Add("precision", &request.size.precision,
          "of every learner's products: fp32, tf32 (GPUs), or bf16 (GPUs, and CPUs with AVX512-BF16 or AMX)");
  run.Add("device", &request.size.device, "auto (a GPU where there is one), cpu, cuda or cuda:N");
  run.Add("threads", &request.size.threads, "of the CPU; 0 for all cores");
  run.Add("seconds", &flags->seconds,
          "the time that there is: no run begins that would not end in it; 0 for all that it takes");
  run.Add("runs_only", &flags->runs_only,
          "train what is missing, shared with other processes at the same work, and write no report: for machines "
          "that only lend their GPU");
  run.Add("jobs", &flags->jobs,
          "trainings at a time, each a process of its own on --threads threads (0: its share of the cores), to the "
          "same bits; a GPU is shared. 0 for one, and with --budget=quick for one a core of the CPU");
  flags->program.topics = {claims, run};
  return flags;
}

// A line for each run that this call made.
void ShowProgress(const ReproduceProgress& progress) {
  if (progress.kept) return;
  std::cout << absl::StrFormat("%4d/%d  %s", progress.done, progress.all, progress.what);
  if (progress.minutes_left > 0) std::cout << absl::StrFormat("  (about %.0f minutes left)", progress.minutes_left);
  std::cout << std::endl;
}

void ShowVerdicts(const nlohmann::ordered_json& report) {
  for (const nlohmann::ordered_json& claim : report.at("claims")) {
    if (!claim.at("answered_by").empty()) continue;
    std::cout << absl::StrFormat("%-4s %-15s %s%s\n", claim.at("id").get<std::string>(),
                                 claim.at("verdict").get<std::string>(), claim.at("statement").get<std::string>(),
                                 claim.at("changed_rules").empty() ? "" : " [its rule is not that of its runs]");
  }
  std::cout << "\n";
  for (const auto& [verdict, count] : report.at("summary").items()) std::cout << count << " " << verdict << "  ";
  std::cout << std::endl;
}

absl::StatusOr<Registry> ReadRegistry() {
  const std::string path = DataFile("reproducibility/claims/claims.json");
  if (path.empty()) return absl::InternalError("claims.json is not beside this program; run it with Bazel");
  SID_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  return ParseRegistry(text);
}

// Whole steps of SID and of the baselines that claims compare it with, at depths from few to many; a quick run's in its own batches.
absl::Status MeasureSteps(const Size& size, const std::string& folder) {
  std::cout << "measuring steps and memory with //:bench: leave the machine alone for two minutes" << std::endl;
  return RunDataProgram("bench/bench",
                        {"--learners=sid,bp-chain,bp-chain-checkpoint", "--executors=serial,batched", "--chunks=0,4",
                         "--depths=4,8,16,64", "--quick", "--precisions=" + size.precision, "--device=" + size.device,
                         absl::StrCat("--batches=", size.dataset.empty() ? 128 : size.batch_size),
                         absl::StrCat("--threads=", size.threads), "--out=" + folder});
}

constexpr char kQuick[] =
    "quick: 500 digits, two epochs, two seeds instead of the rules' data. It shows that everything works. It cannot "
    "show how accurate anything is, whether depth or noise matters, or any difference between learners; modules that "
    "own blocks, other networks, peers and more than 64 modules are left out.\n";

std::string CallersPaths(const std::string& paths) {
  const std::vector<std::string> list = absl::StrSplit(paths, ',', absl::SkipEmpty());
  return absl::StrJoin(list, ",", [](std::string* out, const std::string& path) { *out += CallersPath(path); });
}

absl::StatusOr<ReproduceRequest> RequestOf(const Flags& flags) {
  ReproduceRequest request = flags.request;
  const std::pair<const char*, double> numbers[] = {{"seeds", request.seeds},
                                                    {"epochs", request.size.epochs},
                                                    {"train_images", request.size.train_images},
                                                    {"batch_size", request.size.batch_size},
                                                    {"seconds", flags.seconds}};
  for (const auto& [name, value] : numbers) {
    if (!(value >= 0)) return absl::InvalidArgumentError(absl::StrCat("--", name, "=", value, " is below 0"));
  }
  if (!request.size.dataset.empty() && request.experiment.empty())
    return absl::InvalidArgumentError("--dataset is for --experiment: a claim's rule names its data sets");
  if (flags.jobs < 0 || flags.jobs > 256)
    return absl::InvalidArgumentError(absl::StrCat("--jobs=", flags.jobs, " is out of range: it is from 0 to 256"));
  request.size.data_dir = CallersPath(request.size.data_dir);
  request.out = CallersPath(request.out);
  request.bench = CallersPaths(request.bench);
  SID_RETURN_IF_ERROR(ApplyBudget(flags.budget, &request));
  return request;
}

// The small networks of a quick run gain more by a job a core than by threads.
absl::StatusOr<int64_t> JobsOf(const Flags& flags) {
  if (flags.jobs > 0 || flags.budget != "quick") return std::max<int64_t>(1, flags.jobs);
  SID_ASSIGN_OR_RETURN(const at::Device device, ParseDevice(flags.request.size.device));
  return device.is_cpu() ? UsableProcessors() : 1;
}

// Processes that share the runs out among themselves, in the time that is left until `end`.
absl::Status RunJobs(const Flags& flags, int64_t jobs, int64_t threads, double end) {
  std::vector<std::string> arguments = FlagsAsSet(flags.program);
  arguments.insert(arguments.end(), {"--jobs=1", "--runs_only", absl::StrCat("--threads=", threads)});
  if (flags.seconds > 0) arguments.push_back(absl::StrCat("--seconds=", std::max(1e-3, end - SecondsNow())));
  return RunCopies(jobs, arguments);
}

// A part of an experiment is told of; all of it missing is an error, unless the time is why.
absl::Status RunOnly(const Registry& registry, const ReproduceRequest& request, const ReproduceHooks& hooks,
                     bool timed) {
  SID_ASSIGN_OR_RETURN(const auto undone, RunMissing(registry, request, hooks));
  for (const auto& [experiment, why] : undone) {
    if (experiment == request.experiment && !timed) return absl::InvalidArgumentError(why);
    std::cout << experiment << ": " << why << std::endl;
  }
  return absl::OkStatus();
}

absl::Status Report(const Flags& flags, const Registry& registry, const ReproduceRequest& request,
                    const ReproduceHooks& hooks) {
  SID_ASSIGN_OR_RETURN(const nlohmann::ordered_json report,
                       flags.judge ? JudgeAgain(registry, request.out) : Reproduce(registry, request, hooks));
  ShowVerdicts(report);
  SID_RETURN_IF_ERROR(RunDataProgram("reproducibility/report/pages", {request.out}));
  std::cout << "Written to " << request.out << ": report.json, .md and .html, and runs/" << std::endl;
  return absl::OkStatus();
}

// Shown and, unless only the plan is asked for, begun: by one process, or shared out among `jobs`, each with its share of the cores.
absl::Status PlanAndRun(const Flags& flags, const Registry& registry, const ReproduceRequest& request, int64_t jobs,
                        const ReproduceHooks& hooks, double end) {
  const bool runs_only = flags.runs_only || !request.experiment.empty();
  SID_ASSIGN_OR_RETURN(const std::vector<Claim> claims, SelectClaims(registry, request.claims));
  ReproduceRequest of_a_job = request;
  if (of_a_job.size.threads == 0 && jobs > 1) of_a_job.size.threads = std::max<int64_t>(1, UsableProcessors() / jobs);
  if (flags.plan && request.size.data_dir.empty()) of_a_job.size.data_dir = "DIR";
  SID_ASSIGN_OR_RETURN(const Plan plan, MakePlan(claims, of_a_job));
  if (!flags.plan) SID_RETURN_IF_ERROR(EnsureWritableFolder(request.out + "/runs"));
  if (flags.plan || (!runs_only && !plan.steps.empty()))
    std::cout << (flags.budget == "quick" ? kQuick : "")
              << Describe(plan, claims, request.out + "/runs", flags.plan, jobs, hooks.pace) << std::flush;
  if (flags.plan) return absl::OkStatus();
  if (jobs > 1) SID_RETURN_IF_ERROR(RunJobs(flags, jobs, of_a_job.size.threads, end));
  if (!runs_only) return Report(flags, registry, request, hooks);
  return jobs > 1 ? absl::OkStatus() : RunOnly(registry, request, hooks, flags.seconds > 0);
}

absl::Status Work(const Flags& flags) {
  const double end = flags.seconds > 0 ? SecondsNow() + flags.seconds : std::numeric_limits<double>::infinity();
  SID_ASSIGN_OR_RETURN(const Registry registry, ReadRegistry());
  SID_ASSIGN_OR_RETURN(const ReproduceRequest request, RequestOf(flags));
  SID_ASSIGN_OR_RETURN(const int64_t jobs, JobsOf(flags));
  if (request.out.empty() && !flags.plan)
    return absl::InvalidArgumentError("--out is missing: name the folder of runs and report");
  Pace pace([](const TrainConfig& run) { return SecondsPerImage(run, SecondsNow); }, end);
  const ReproduceHooks hooks{
      .clock = SecondsNow, .pace = &pace, .on_progress = ShowProgress, .measure = [&](const std::string& folder) {
        return MeasureSteps(request.size, folder);
      }};
  return flags.judge ? Report(flags, registry, request, hooks) : PlanAndRun(flags, registry, request, jobs, hooks, end);
}

int Main(int argc, char** argv) {
  Flags* const flags = Register();
  return RunProgram({.name = "reproduce",
                     .parse = ParserOf(flags->program),
                     .work = [&] { return Work(*flags); },
                     .describe = DescribeDeviceFailure},
                    argc, argv);
}

}  // namespace
}  // namespace sid

int main(int argc, char** argv) { return sid::Main(argc, argv); }
