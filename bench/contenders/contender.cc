#include "bench/contenders/contender.h"

#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/machine/precision.h"
#include "base/names.h"
#include "base/random.h"
#include "base/status.h"
#include "baselines/learners.h"
#include "sid/network/initialisation.h"

namespace sid {
namespace {

constexpr uint64_t kSeed = 1;  // no time depends on it

Network MakeNetwork(const Problem& problem, int64_t depth) {
  Network network = EmptyNetwork({problem.channels, problem.classes, depth, problem.features, problem.hidden});
  Initialise(Initialisation::kKaiming, kSeed, at::Tensor(), network);
  if (!problem.extractor) network.extractor.layers.clear();
  return network;
}

}  // namespace

std::string Name(const Contender& contender) {
  std::string name = contender.learner;
  if (contender.learner == "sid") absl::StrAppend(&name, "/", contender.executor);
  if (contender.learner == "sid" && contender.chunk > 0) absl::StrAppend(&name, "/chunk ", contender.chunk);
  if (contender.precision != "fp32") absl::StrAppend(&name, "/", contender.precision);
  if (contender.captured) absl::StrAppend(&name, "/captured");
  return name;
}

std::string Label(const Contender& contender) {
  return absl::StrCat(Name(contender), " L=", contender.depth, " B=", contender.batch);
}

absl::StatusOr<std::unique_ptr<Learner>> MakeContender(const Contender& contender, const Problem& problem,
                                                       at::Device device) {
  SID_RETURN_IF_ERROR(FindName("learner", contender.learner, LearnerNames()).status());
  ExecutorOptions executor{.chunk = contender.chunk};
  SID_ASSIGN_OR_RETURN(executor.executor, ParseExecutor(contender.executor));
  SID_ASSIGN_OR_RETURN(executor.precision, ParsePrecision(contender.precision, device));
  const int64_t depth = LearnerDepth(contender.learner, contender.depth);
  SidOptions options{.alphas = std::vector<double>(depth, 0.5)};
  // Without an extractor no learner computes d l / d z, which nobody would read.
  if (!problem.extractor) options.extractor_gradient = ExtractorGradient::kNone;
  return MakeLearner(contender.learner, CloneTo(MakeNetwork(problem, depth), device, at::kFloat), options, executor,
                     {});
}

void Activate(const Contender& contender, at::Device device) {
  UsePrecision(ParsePrecision(contender.precision, device).value());
}

int64_t ParameterBytes(const Learner& learner) {
  int64_t bytes = 0;
  for (const Parameter& parameter : learner.Parameters()) bytes += static_cast<int64_t>(parameter.tensor.nbytes());
  return bytes;
}

int64_t OptimizerStateBytes(const Learner& learner) { return 2 * ParameterBytes(learner); }

int64_t ModuleParameters(const Problem& problem) {
  int64_t weights = 0;
  const Cascade module = EmptyCascade(1, problem.hidden, problem.features, problem.classes);
  for (const Parameter& parameter : Parameters(module)) weights += parameter.tensor.numel();
  return weights;
}

Batch MakeBatch(const Problem& problem, int64_t batch, at::Device device) {
  at::Generator generator = MakeGenerator(kSeed, RandomUse::kSynthetic);
  const at::Tensor images =
      problem.extractor ? at::randn({batch, problem.channels, problem.side, problem.side}, generator, at::kFloat)
                              .contiguous(at::MemoryFormat::ChannelsLast)
                        : at::randn({batch, problem.features}, generator, at::kFloat);
  return {images.to(device), at::randint(problem.classes, {batch}, generator, at::kLong).to(device)};
}

}  // namespace sid
