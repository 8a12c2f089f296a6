#include "bench/contenders/contender.h"

#include <ATen/Parallel.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>

#include "absl/strings/str_cat.h"
#include "base/machine/precision.h"
#include "base/random.h"
#include "base/status.h"
#include "baselines/learners.h"
#include "bench/contenders/ranks.h"
#include "pipeline/thread_pipeline.h"
#include "pipeline/tick_pipeline.h"
#include "sid/learner/sid_learner.h"
#include "sid/network/initialisation.h"

namespace sid {
namespace {

constexpr uint64_t kSeed = 1;  // no time depends on it

absl::StatusOr<Network> MakeNetwork(const Contender& contender, const LearnerKind& kind, const Problem& problem) {
  const std::string network = problem.extractor ? contender.network : "none";
  SID_ASSIGN_OR_RETURN(const Architecture architecture,
                       MakeArchitecture({.name = network,
                                         .image = {problem.channels, problem.side, problem.side},
                                         .width = contender.width,
                                         .features = problem.features}));
  SID_ASSIGN_OR_RETURN(const Partition partition,
                       ParsePartition(contender.partition, contender.depth, architecture.blocks));
  SID_ASSIGN_OR_RETURN(const HeadKind head, ParseHeadKind(contender.head));
  Network made = EmptyNetwork(architecture, PartitionFor(kind, partition),
                              {.kind = head, .hidden = problem.hidden, .belief_input = kind.sees_belief},
                              problem.classes, {problem.features});
  Initialise(Initialisation::kKaiming, kSeed, at::Tensor(), made);
  return made;
}

}  // namespace

std::string Name(const Contender& contender) {
  const Contender usual;
  const LearnerKind kind = FindLearner(contender.learner).value_or(LearnerKind{});
  std::string name = contender.learner;
  for (const auto member : {&Contender::network, &Contender::partition, &Contender::head}) {
    if (contender.*member != usual.*member) absl::StrAppend(&name, "/", contender.*member);
  }
  if (kind.local_losses) absl::StrAppend(&name, "/", contender.executor);
  if (kind.local_losses && contender.chunk > 0) absl::StrAppend(&name, "/chunk ", contender.chunk);
  if (!kind.local_losses && contender.recompute) absl::StrAppend(&name, "/recompute");
  if (contender.schedule != usual.schedule) absl::StrAppend(&name, "/", contender.schedule);
  if (contender.precision != "fp32") absl::StrAppend(&name, "/", contender.precision);
  if (contender.captured) absl::StrAppend(&name, "/captured");
  if (contender.threads > 0) absl::StrAppend(&name, "/", contender.threads, " threads");
  return name;
}

std::string Label(const Contender& contender) {
  return absl::StrCat(Name(contender), " L=", contender.depth, " B=", contender.batch);
}

absl::StatusOr<std::unique_ptr<Learner>> MakeContender(const Contender& contender, const Problem& problem,
                                                       at::Device device) {
  SID_ASSIGN_OR_RETURN(const LearnerKind kind, FindLearner(contender.learner));
  LearnerOptions options{.executor = {.chunk = contender.chunk, .streams = contender.schedule == "streams"},
                         .recompute = contender.recompute};
  SID_ASSIGN_OR_RETURN(options.executor.executor, ParseExecutor(contender.executor));
  SID_ASSIGN_OR_RETURN(options.executor.precision, ParsePrecision(contender.precision, device));
  SID_ASSIGN_OR_RETURN(const Network made, MakeNetwork(contender, kind, problem));
  const Network network = CloneTo(made, device, at::kFloat);
  if (kind.local_losses) options.executor.executor = Resolve(options.executor, network);
  options.sid.alphas.assign(network.depth(), 0.5);
  return MakeLearner(contender.learner, network, options);
}

absl::StatusOr<std::shared_ptr<Pipeline>> MakePipeline(const Contender& contender, Learner& learner,
                                                       at::Device device) {
  if (contender.schedule != "pipeline" && !IsOverRanks(contender)) return nullptr;
  auto* const local = dynamic_cast<SidLearner*>(&learner);
  const int64_t most = local == nullptr ? contender.depth : static_cast<int64_t>(local->stages().size());
  const int64_t workers = IsOverRanks(contender) ? contender.depth : most;
  if (workers < 2 || workers > most) {
    return absl::InvalidArgumentError(
        absl::StrCat(Label(contender), ": side by side work modules that own blocks, two or more: --partitions=even"));
  }
  if (IsOverRanks(contender)) return StartRanks(contender, learner);
  SidLearner& stages = *local;
  if (device.is_cpu()) return MakeThreadPipeline(stages, workers, Watched::kLosses);
  return MakeTickPipeline(stages, workers, contender.captured ? MakeCudaGraph(device) : nullptr);
}

void Activate(const Contender& contender, at::Device device) {
  UsePrecision(ParsePrecision(contender.precision, device).value());
  if (contender.threads > 0) at::set_num_threads(static_cast<int>(contender.threads));
}

int64_t ModuleParameters(const Problem& problem) {
  int64_t weights = 0;
  const Cascade module = EmptyCascade(1, {.hidden = problem.hidden}, {problem.features}, problem.classes);
  for (const at::Tensor& weight : Tensors(module)) weights += weight.numel();
  return weights;
}

Batch MakeBatch(const Contender& contender, const Problem& problem, at::Device device) {
  const int64_t batch = contender.batch;
  const at::ScalarType type = ComputeType(ParsePrecision(contender.precision, device).value(), at::kFloat);
  at::Generator generator = MakeGenerator(kSeed, RandomUse::kSynthetic);
  const at::Tensor images =
      problem.extractor ? at::randn({batch, problem.channels, problem.side, problem.side}, generator, at::kFloat)
                              .contiguous(at::MemoryFormat::ChannelsLast)
                        : at::randn({batch, problem.features}, generator, at::kFloat);
  return {images.to(device, type), at::randint(problem.classes, {batch}, generator, at::kLong).to(device)};
}

}  // namespace sid
