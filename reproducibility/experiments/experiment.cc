#include "reproducibility/experiments/experiment.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/concat.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/files.h"
#include "base/json/text.h"
#include "base/lock.h"
#include "base/machine/device.h"
#include "base/machine/version.h"
#include "base/status.h"
#include "data/batches/batches.h"
#include "reproducibility/experiments/results.h"
#include "reproducibility/experiments/settings.h"
#include "sid/belief/belief.h"
#include "train/workers.h"
#include "training/trainer.h"

namespace sid {
namespace {

using nlohmann::ordered_json;

// Numbers of a batch's beliefs: 100 MB in double, of which Measure holds a few copies.
constexpr int64_t kLargestBeliefs = 12'000'000;

Quantities Concatenate(const std::vector<Quantities>& parts) {
  Quantities all;
  for (auto member : {&Quantities::divergence, &Quantities::loss, &Quantities::failure, &Quantities::bound,
                      &Quantities::contraction, &Quantities::entropy}) {
    std::vector<at::Tensor> tensors(parts.size());
    for (size_t k = 0; k < parts.size(); ++k) tensors[k] = parts[k].*member;
    all.*member = at::concat(tensors, -1);
  }
  return all;
}

// A hexadecimal digit for each four images, the first one's bit the highest.
std::string ToBits(const std::vector<at::Tensor>& parts) {
  const at::Tensor all = at::concat(parts).to(at::kCPU, at::kLong);
  const at::Tensor padded = at::constant_pad_nd(all, {0, (4 - all.size(0) % 4) % 4}).view({-1, 4});
  const at::Tensor digits = padded.mul(at::tensor({8, 4, 2, 1}, at::kLong)).sum(-1);
  std::string text;
  for (int64_t i = 0; i < digits.size(0); ++i) text += "0123456789abcdef"[digits[i].item<int64_t>()];
  return text;
}

// What the theory says about all examples of a pass, and which of them the last belief has right.
class Theory {
 public:
  explicit Theory(const ProbeOptions& options) : options_(options) {}

  // In parts that keep memory in bounds at any depth.
  void Look(const Batch& batch, const at::Tensor& log_beliefs) {
    const int64_t classes = log_beliefs.size(2), count = log_beliefs.size(1);
    const int64_t size = std::clamp<int64_t>(kLargestBeliefs / (classes * log_beliefs.size(0)), 1, count);
    right_.push_back(log_beliefs[-1].argmax(-1).eq(batch.labels));
    for (int64_t begin = 0; begin < count; begin += size) {
      const int64_t end = std::min(begin + size, count);
      const at::Tensor log_p = log_beliefs.slice(1, begin, end);
      const at::Tensor log_y =
          TargetBelief(batch.labels.slice(0, begin, end), classes, options_.smoothing, log_p.scalar_type());
      parts_.push_back(Measure(options_.divergence, options_.alphas, log_y, log_p));
    }
  }

  QuantitySummary Summary() const { return Summarise(Concatenate(parts_)); }
  std::string Correct() const { return ToBits(right_); }

 private:
  const ProbeOptions& options_;
  std::vector<Quantities> parts_;
  std::vector<at::Tensor> right_;
};

absl::StatusOr<ordered_json> RunOne(const TrainConfig& config, const std::function<double()>& clock) {
  SID_ASSIGN_OR_RETURN(PreparedRun run, Prepare(config));
  TrainingHooks training{.clock = clock};
  std::vector<ProbeRecord> probes;
  const auto keep = [&probes](const ProbeRecord& record) {
    probes.push_back(record);
    return absl::OkStatus();
  };
  AddProbe(run, keep, training);
  Theory theory(run.probe);
  training.on_test = [&theory](const Batch& batch, const at::Tensor& beliefs) { theory.Look(batch, beliefs); };
  SID_ASSIGN_OR_RETURN(const Workers workers, StartWorkers({}, run));
  training.pipeline = workers.pipeline.get();
  PhaseTimer untimed;
  const auto result = Train(run.dataset, run.options, training, untimed, *run.learner);
  if (absl::IsInternal(result.status()))
    return FailureJson(config, run.dataset.classes(), std::string(result.status().message()));
  SID_RETURN_IF_ERROR(result.status());
  ordered_json json = ResultJson(config, run, *result, theory.Summary(), probes);
  json["test"]["correct"] = theory.Correct();
  return json;
}

// The right to make a run, until it is gone: a folder beside the result, locked, which an owner that ends removes. Unavailable where another
// process has it.
absl::StatusOr<std::shared_ptr<void>> Claim(const std::string& path) {
  absl::StatusOr<std::shared_ptr<void>> lock;
  do {
    SID_RETURN_IF_ERROR(CreateFolder(path));
    lock = LockFolder(path);
  } while (absl::IsNotFound(lock.status()));  // removed in between
  SID_RETURN_IF_ERROR(lock.status());
  return std::shared_ptr<void>(nullptr, [path, held = *std::move(lock)](void*) {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
  });
}

absl::StatusOr<ordered_json> RunAndWrite(const TrainConfig& config, const std::string& path,
                                         const RunOptions& options) {
  const double begin = options.pace == nullptr ? 0 : options.clock();
  SID_ASSIGN_OR_RETURN(ordered_json result, RunOne(config, options.clock));
  if (options.pace != nullptr) options.pace->Took(config, options.clock() - begin);
  result["rules"] = options.rules;
  Seal(result);
  SID_RETURN_IF_ERROR(WriteFileAtomically(path, ToText(result, 1) + "\n"));
  return result;
}

// Whether this machine made it.
bool IsOfThisMachine(const TrainConfig& config, const ordered_json& result) {
  const absl::StatusOr<at::Device> device = ParseDevice(config.device);
  if (!device.ok() || !result.contains("machine")) return false;
  const ordered_json here = DescribeMachine(*device), &there = result["machine"];
  const auto same = [&](const char* name) { return there.value(name, ordered_json()) == here[name]; };
  return same("processor") && same("cores") && same("operating_system") && same("device");
}

// Reads a result; null where there is none.
absl::StatusOr<ordered_json> Kept(const TrainConfig& config, const std::string& folder, const RunOptions& options) {
  const absl::StatusOr<ordered_json> result = ReadResult(folder, config);
  if (absl::IsNotFound(result.status())) return nullptr;
  SID_RETURN_IF_ERROR(result.status());
  if (options.pace != nullptr && IsOfThisMachine(config, *result))
    options.pace->Took(config, result->at("seconds").get<double>());
  return *result;
}

}  // namespace

absl::StatusOr<FinishedOrKept> RunOrRead(const TrainConfig& config, const std::string& folder,
                                         const RunOptions& options) {
  SID_ASSIGN_OR_RETURN(ordered_json result, Kept(config, folder, options));
  if (!result.is_null()) return FinishedOrKept{std::move(result), true};
  const std::string path = absl::StrCat(folder, "/", ResultName(config));
  SID_ASSIGN_OR_RETURN(const std::shared_ptr<void> claim, Claim(path + kRunning));
  SID_ASSIGN_OR_RETURN(result, Kept(config, folder, options));
  if (!result.is_null()) return FinishedOrKept{std::move(result), true};
  if (options.pace != nullptr && !options.pace->Fits(config, options.clock())) {
    return absl::DeadlineExceededError("the time was up");
  }
  SID_ASSIGN_OR_RETURN(result, RunAndWrite(config, path, options));
  return FinishedOrKept{std::move(result), false};
}

std::string Describe(const TrainConfig& config, const ordered_json& result) {
  const std::string outcome =
      result.contains("failed")
          ? "failed: " + result.at("failed").get<std::string>()
          : absl::StrFormat("%.2f %%", 100 * result.at("test").at("accuracy").back().get<double>());
  return absl::StrCat(TitleOf(config), ": ", outcome);
}

}  // namespace sid
