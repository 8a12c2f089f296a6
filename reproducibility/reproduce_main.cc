// ./tools/bazel run //:reproduce -- --help

#include <gflags/gflags.h>

#include <algorithm>
#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
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
DEFINE_string(budget, sid::ReproduceRequest().budget,
              "quick (mnist-mini, under 15 minutes on two cores, decides little), a number of minutes, or full (by "
              "its estimate months on two cores: for GPUs)");
DEFINE_string(data_dir, "", "all but quick: the folder that holds the data sets; //data:fetch downloads them");
DEFINE_string(bench, "",
              "results.json of //:bench, for what is about time and memory; when left out OUT/bench.json, measured "
              "where it is not there yet");
DEFINE_string(out, "", "the folder of runs and report: what is there already is not run again");
DEFINE_double(images_per_second, sid::ReproduceRequest().images_per_second,
              "what the estimates take this machine to train on at small depth");
DEFINE_string(precision, sid::ReproduceRequest().precision,
              "of every learner's products: fp32, tf32 (GPUs), or bf16 (GPUs, and CPUs with AVX512-BF16 or AMX)");
DEFINE_string(device, sid::ReproduceRequest().device, "auto (a GPU where there is one), cpu, cuda or cuda:N");
DEFINE_int64(threads, 0, "of the CPU; 0 for all cores");
DEFINE_double(seconds, sid::ReproduceRequest().seconds,
              "the time that there is: no run begins that would not end in it; 0 for all that it takes");
DEFINE_bool(runs_only, false,
            "trains what is missing and no other process is at work on, and writes no report: for machines that share "
            "--out, or that only lend their GPU");
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
      {{"Claims", {"claims", "budget", "data_dir", "bench", "out", "images_per_second"}},
       {"Run", {"precision", "device", "threads", "seconds", "runs_only", "jobs"}}}};
  return *kFlags;
}

// A line for each run that this call made.
void ShowProgress(const ReproduceProgress& progress) {
  if (progress.kept) return;
  std::cout << absl::StrFormat("%4d/%d  %s", progress.done, progress.all, progress.what) << std::endl;
}

void ShowVerdicts(const nlohmann::ordered_json& report) {
  for (const nlohmann::ordered_json& claim : report.at("claims")) {
    if (!claim.at("answered_by").empty()) continue;
    std::cout << absl::StrFormat("%-4s %-12s %s\n", claim.at("id").get<std::string>(),
                                 claim.at("verdict").get<std::string>(), claim.at("statement").get<std::string>());
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
                        {"--learners=sid,bp-chain", "--executors=serial,batched", "--chunks=0,4", "--depths=4,8,16,64",
                         "--quick", "--precisions=" + FLAGS_precision, "--device=" + FLAGS_device,
                         absl::StrCat("--threads=", FLAGS_threads), "--out=" + folder});
}

// Processes that share the runs out among themselves.
absl::Status RunJobs() {
  const int64_t share = std::max<int64_t>(1, UsableProcessors() / FLAGS_jobs);
  std::vector<std::string> arguments = FlagsAsSet(Flags());
  arguments.insert(arguments.end(),
                   {"--jobs=1", "--runs_only", absl::StrCat("--threads=", FLAGS_threads > 0 ? FLAGS_threads : share)});
  return RunCopies(FLAGS_jobs, arguments);
}

absl::Status CheckNumbers() {
  if (!(FLAGS_seconds >= 0))
    return absl::InvalidArgumentError(absl::StrCat("--seconds=", FLAGS_seconds, " is out of range: it is 0 or more"));
  if (FLAGS_jobs < 1 || FLAGS_jobs > 256)
    return absl::InvalidArgumentError(absl::StrCat("--jobs=", FLAGS_jobs, " is out of range: it is from 1 to 256"));
  return absl::OkStatus();
}

absl::Status ReproduceAndReport() {
  const double begin = SecondsNow();
  if (FLAGS_out.empty()) return absl::InvalidArgumentError("--out is missing: name the folder of runs and report");
  SID_RETURN_IF_ERROR(CheckNumbers());
  SID_ASSIGN_OR_RETURN(const Registry registry, ReadRegistry());
  ReproduceRequest request{.claims = FLAGS_claims,
                           .budget = FLAGS_budget,
                           .data_dir = CallersPath(FLAGS_data_dir),
                           .out = CallersPath(FLAGS_out),
                           .bench = CallersPath(FLAGS_bench),
                           .images_per_second = FLAGS_images_per_second,
                           .precision = FLAGS_precision,
                           .device = FLAGS_device,
                           .threads = FLAGS_threads,
                           .seconds = FLAGS_seconds};
  const ReproduceHooks hooks{
      .clock = SecondsNow,
      .on_progress = ShowProgress,
      .on_warning = [](const std::string& text) { std::cerr << "reproduce: WARNING: " << text << std::endl; },
      .measure = MeasureSteps};
  if (FLAGS_jobs > 1) {
    SID_RETURN_IF_ERROR(Check(registry, request));
    SID_RETURN_IF_ERROR(RunJobs());
    if (FLAGS_runs_only) return absl::OkStatus();
    if (FLAGS_seconds > 0) request.seconds = std::max(1e-3, FLAGS_seconds - (SecondsNow() - begin));
  }
  if (FLAGS_runs_only) return RunMissing(registry, request, hooks);
  SID_ASSIGN_OR_RETURN(const nlohmann::ordered_json report, Reproduce(registry, request, hooks));
  ShowVerdicts(report);
  SID_RETURN_IF_ERROR(RunDataProgram("reproducibility/report/report_pages", {request.out}));
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
