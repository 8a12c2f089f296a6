// ./tools/bazel run //:reproduce -- --help

#include <gflags/gflags.h>

#include <algorithm>
#include <iostream>
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

DEFINE_string(claims, sid::ReproduceRequest().claims, "all, or names separated by commas: C1,C7,R5");
DEFINE_string(
    experiment, "",
    "instead of claims one experiment with all its settings, those too that no rule reads; trains only. There "
    "are accuracy, authors-recipe, depth, alpha, initialisation, label-noise, belief-update, very-deep, "
    "extractor-gradient, divergence, learning-rate, sgd-recipe, blocks, overlap, architectures, peers and "
    "peers-mlp");
DEFINE_string(dataset, "", "another data set than the experiments' own, in place of the first of each");
DEFINE_string(
    budget, "",
    "quick (mnist-mini, two seeds, within ten minutes on two cores, decides little) or full (as the rules ask, "
    "tuned: for GPUs); empty for what the next flags say");
DEFINE_int64(seeds, 0, "of every contrast; 0 for as many as each rule asks for");
DEFINE_int64(epochs, 0, "of every run; 0 for as many as each rule asks for");
DEFINE_bool(tune, false,
            "three learning rates on the first seed for rules that ask for a choice, the best one for the rest");
DEFINE_int64(train_images, 0, "how many of the training set; 0 for all");
DEFINE_int64(batch_size, 0, "images a step; 0 for the recipe's");
DEFINE_bool(plan, false, "print the runs and end");
DEFINE_bool(judge, false, "run nothing: judge what --out holds anew, by the rules as they are now");
DEFINE_string(data_dir, "", "without --budget=quick: the folder that holds the data sets; //data:fetch downloads them");
DEFINE_string(
    bench, "",
    "results.json of //:bench, for what is about time and memory, or several of other machines, separated by commas; "
    "when left out OUT/bench.json, measured where it is not there yet");
DEFINE_string(out, "", "the folder of runs and report: what is there already is not run again");
DEFINE_string(precision, sid::Size().precision,
              "of every learner's products: fp32, tf32 (GPUs), or bf16 (GPUs, and CPUs with AVX512-BF16 or AMX)");
DEFINE_string(device, sid::Size().device, "auto (a GPU where there is one), cpu, cuda or cuda:N");
DEFINE_int64(threads, 0, "of the CPU; 0 for all cores");
DEFINE_double(seconds, sid::ReproduceRequest().seconds,
              "the time that there is: no run begins that would not end in it; 0 for all that it takes");
DEFINE_bool(runs_only, false,
            "train what is missing, shared with other processes at the same work, and write no report: for machines "
            "that only lend their GPU");
DEFINE_int64(jobs, 1,
             "trainings at a time, each a process of its own on --threads threads (0: its share of the cores), to the "
             "same bits; a GPU is shared");

namespace sid {
namespace {

const ProgramFlags& Flags() {
  static const auto* const kFlags = new ProgramFlags{
      "Tests the paper's claims: runs what is missing, judges each claim by its rule, and writes report.json, .md and "
      ".html.\n\n"
      "Usage: ./tools/bazel run //:reproduce -- --budget=quick --out=DIR",
      {{"Claims",
        {"claims", "experiment", "budget", "seeds", "epochs", "tune", "train_images", "batch_size", "dataset", "plan",
         "judge", "data_dir", "bench", "out"}},
       {"Run", {"precision", "device", "threads", "seconds", "runs_only", "jobs"}}}};
  return *kFlags;
}

// A line for each run that this call made.
void ShowProgress(const ReproduceProgress& progress) {
  if (progress.kept) return;
  std::cout << absl::StrFormat("%4d/%d  %s  (about %.0f minutes left)", progress.done, progress.all, progress.what,
                               progress.minutes_left)
            << std::endl;
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

// Whole steps of SID and of the baselines that claims compare it with, at depths from few to many.
absl::Status MeasureSteps(const std::string& folder) {
  std::cout << "measuring steps and memory with //:bench: leave the machine alone for two minutes" << std::endl;
  return RunDataProgram("bench/bench",
                        {"--learners=sid,bp-chain,bp-chain-checkpoint", "--executors=serial,batched", "--chunks=0,4",
                         "--depths=4,8,16,64", "--quick", "--precisions=" + FLAGS_precision, "--device=" + FLAGS_device,
                         absl::StrCat("--threads=", FLAGS_threads), "--out=" + folder});
}

constexpr char kQuick[] =
    "quick: 600 digits, two epochs, two seeds instead of the rules' data. It shows that everything works. It cannot "
    "show how "
    "accurate anything is, whether depth or noise matters, or any difference between learners; modules that own "
    "blocks, other "
    "networks, peers and more than 64 modules are left out.\n";

std::string CallersPaths(const std::string& paths) {
  std::vector<std::string> list = absl::StrSplit(paths, ',', absl::SkipEmpty());
  for (std::string& path : list) path = CallersPath(path);
  return absl::StrJoin(list, ",");
}

absl::StatusOr<ReproduceRequest> RequestOfFlags() {
  ReproduceRequest request{.claims = FLAGS_claims,
                           .experiment = FLAGS_experiment,
                           .seeds = FLAGS_seeds,
                           .epochs = FLAGS_epochs,
                           .tune = FLAGS_tune,
                           .size = {.dataset = FLAGS_dataset,
                                    .train_images = FLAGS_train_images,
                                    .batch_size = FLAGS_batch_size,
                                    .data_dir = CallersPath(FLAGS_data_dir),
                                    .precision = FLAGS_precision,
                                    .device = FLAGS_device,
                                    .threads = FLAGS_threads},
                           .seconds = FLAGS_seconds,
                           .out = CallersPath(FLAGS_out),
                           .bench = CallersPaths(FLAGS_bench)};
  SID_RETURN_IF_ERROR(ApplyBudget(FLAGS_budget, &request));
  for (const auto& [name, value] : {std::pair{"seeds", FLAGS_seeds},
                                    {"epochs", FLAGS_epochs},
                                    {"train_images", FLAGS_train_images},
                                    {"batch_size", FLAGS_batch_size}}) {
    if (value < 0) return absl::InvalidArgumentError(absl::StrCat("--", name, "=", value, " is below 0"));
  }
  if (!FLAGS_dataset.empty() && FLAGS_experiment.empty())
    return absl::InvalidArgumentError("--dataset is for --experiment: a claim's rule names its data sets");
  if (!(FLAGS_seconds >= 0))
    return absl::InvalidArgumentError(absl::StrCat("--seconds=", FLAGS_seconds, " is below 0"));
  if (FLAGS_jobs < 1 || FLAGS_jobs > 256)
    return absl::InvalidArgumentError(absl::StrCat("--jobs=", FLAGS_jobs, " is out of range: it is from 1 to 256"));
  return request;
}

// Processes that share the runs out among themselves.
absl::Status RunJobs(const std::vector<Claim>& claims, const ReproduceRequest& request) {
  SID_RETURN_IF_ERROR(MakePlan(claims, request).status());  // once, and not by every process
  SID_RETURN_IF_ERROR(EnsureWritableFolder(request.out + "/runs"));
  const int64_t share = std::max<int64_t>(1, UsableProcessors() / FLAGS_jobs);
  std::vector<std::string> arguments = FlagsAsSet(Flags());
  arguments.insert(arguments.end(),
                   {"--jobs=1", "--runs_only", absl::StrCat("--threads=", FLAGS_threads > 0 ? FLAGS_threads : share)});
  return RunCopies(FLAGS_jobs, arguments);
}

double PerImage(const TrainConfig& run) { return SecondsPerImage(run, SecondsNow); }

absl::Status ReproduceAndReport() {
  const double begin = SecondsNow();
  SID_ASSIGN_OR_RETURN(const Registry registry, ReadRegistry());
  SID_ASSIGN_OR_RETURN(ReproduceRequest request, RequestOfFlags());
  SID_ASSIGN_OR_RETURN(const std::vector<Claim> claims, SelectClaims(registry, request.claims));
  if (FLAGS_plan) {
    ReproduceRequest anywhere = request;
    if (anywhere.size.data_dir.empty()) anywhere.size.data_dir = "DIR";
    SID_ASSIGN_OR_RETURN(const Plan plan, MakePlan(claims, anywhere));
    Pace pace(PerImage);
    std::cout << Describe(plan, claims, /*each=*/true, &pace) << std::flush;
    return absl::OkStatus();
  }
  if (FLAGS_out.empty()) return absl::InvalidArgumentError("--out is missing: name the folder of runs and report");
  const bool runs_only = FLAGS_runs_only || !FLAGS_experiment.empty();
  if (FLAGS_budget == "quick" && !runs_only) std::cout << kQuick;
  const ReproduceHooks hooks{
      .clock = SecondsNow,
      .seconds_per_image = PerImage,
      .on_plan = [&](const Plan& plan,
                     Pace* pace) { std::cout << Describe(plan, claims, /*each=*/false, pace) << std::flush; },
      .on_progress = ShowProgress,
      .measure = MeasureSteps};
  if (FLAGS_jobs > 1 && !FLAGS_judge) {
    SID_RETURN_IF_ERROR(RunJobs(claims, request));
    if (runs_only) return absl::OkStatus();
    if (FLAGS_seconds > 0) request.seconds = std::max(1e-3, FLAGS_seconds - (SecondsNow() - begin));
  }
  if (runs_only) {
    SID_ASSIGN_OR_RETURN(const auto undone, RunMissing(registry, request, hooks));
    for (const auto& [experiment, why] : undone) {
      if (experiment == FLAGS_experiment && FLAGS_seconds == 0) return absl::InvalidArgumentError(why);
      std::cout << experiment << ": " << why << std::endl;
    }
    return absl::OkStatus();
  }
  SID_ASSIGN_OR_RETURN(const nlohmann::ordered_json report,
                       FLAGS_judge ? JudgeAgain(registry, request.out) : Reproduce(registry, request, hooks));
  ShowVerdicts(report);
  SID_RETURN_IF_ERROR(RunDataProgram("reproducibility/report/pages", {request.out}));
  std::cout << "Written to " << request.out << ": report.json, .md and .html, and runs/" << std::endl;
  return absl::OkStatus();
}

absl::Status Parse(int argc, char** argv, std::string* help) { return ParseFlags(argc, argv, Flags(), help); }

}  // namespace
}  // namespace sid

int main(int argc, char** argv) {
  return sid::RunProgram({.name = "reproduce",
                          .parse = sid::Parse,
                          .work = sid::ReproduceAndReport,
                          .describe = sid::DescribeDeviceFailure},
                         argc, argv);
}
