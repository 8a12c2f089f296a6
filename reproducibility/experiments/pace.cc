#include "reproducibility/experiments/pace.h"

#include <cmath>
#include <tuple>

#include "absl/strings/str_join.h"
#include "base/machine/device.h"
#include "base/machine/process.h"
#include "bench/harness/competitor.h"

namespace sid {
namespace {

constexpr double kSlack = 1.1;            // runs of one kind differ by so much
constexpr double kWithoutBackward = 3;    // how much faster an image passes
constexpr int64_t kWarm = 2, kTimed = 3;  // steps

struct DataShape {
  double train, test;  // images
  int64_t classes, channels, side;
};

DataShape ShapeOf(const std::string& dataset) {
  if (dataset == "mnist-mini") return {8500, 1500, 10, 1, 28};
  if (dataset == "mnist") return {60000, 10000, 10, 1, 28};
  if (dataset == "tiny-imagenet") return {100000, 10000, 200, 3, 64};
  return {50000, 10000, dataset == "cifar100" ? 100 : 10, 3, 32};
}

// In images trained on. The test set is looked at twice, with the weights of the chosen epoch and of the last.
double Images(const TrainConfig& run) {
  const DataShape shape = ShapeOf(run.dataset);
  const auto epochs = static_cast<double>(run.epochs);
  const double images = run.train_images == 0 ? shape.train : static_cast<double>(run.train_images);
  const double evaluated = epochs * images * run.validation_fraction + 2 * shape.test;
  return epochs * images * (1 - run.validation_fraction) + evaluated / kWithoutBackward;
}

std::string NameOfKind(const TrainConfig& run) {
  return absl::StrJoin(std::tuple(run.network, run.width, run.partition, run.head, run.hidden, run.learner, run.depth,
                                  run.dataset, run.batch_size, run.precision),
                       " ");
}

}  // namespace

double SecondsPerImage(const TrainConfig& run, const std::function<double()>& clock) {
  const DataShape shape = ShapeOf(run.dataset);
  const absl::StatusOr<at::Device> device = ParseDevice(run.device);
  if (!device.ok() || !SetUpProcess(run.threads).ok()) return 0;
  const Contender contender{.learner = run.learner,
                            .network = run.network,
                            .width = run.width,
                            .partition = run.partition,
                            .head = run.head,
                            .executor = run.executor,
                            .chunk = run.chunk,
                            .precision = run.precision,
                            .captured = run.capture && device->is_cuda(),
                            .depth = run.depth,
                            .batch = run.batch_size};
  const Problem problem{.classes = shape.classes,
                        .channels = shape.channels,
                        .side = shape.side,
                        .features = run.features,
                        .hidden = run.hidden};
  absl::StatusOr<Competitor> steps = Competitor::Make(contender, problem, *device);
  if (!steps.ok()) return 0;
  PhaseTimer untimed;
  steps->SecondsPerStep(kWarm, untimed, clock);
  return steps->SecondsPerStep(kTimed, untimed, clock) / static_cast<double>(run.batch_size);
}

Pace::Kind& Pace::KindOf(const TrainConfig& run) {
  const auto [kind, is_new] = kinds_.try_emplace(NameOfKind(run));
  if (is_new) kind->second.per_image = seconds_per_image_(run);
  return kind->second;
}

double Pace::Seconds(const TrainConfig& run, const Kind& kind) const {
  const Kind& known = kind.estimated > 0 ? kind : all_;
  const double slowness = known.estimated > 0 ? known.measured / known.estimated : 1;
  return slowness * kind.per_image * Images(run);
}

double Pace::Seconds(const TrainConfig& run) { return Seconds(run, KindOf(run)); }

double Pace::SecondsOf(const std::vector<const TrainConfig*>& runs) const {
  double sum = 0, count = 0;
  for (const TrainConfig* run : runs) {
    const auto kind = kinds_.find(NameOfKind(*run));
    if (kind == kinds_.end()) continue;
    sum += Seconds(*run, kind->second);
    count += 1;
  }
  return count == 0 ? 0 : sum * static_cast<double>(runs.size()) / count;
}

// Without an end all do, and nobody need know how long this one takes.
bool Pace::Fits(const TrainConfig& run, double now) { return std::isinf(end_) || now + kSlack * Seconds(run) <= end_; }

void Pace::Took(const TrainConfig& run, double seconds) {
  Kind& kind = KindOf(run);
  for (Kind* sum : {&all_, &kind}) {
    sum->measured += seconds;
    sum->estimated += kind.per_image * Images(run);
  }
}

}  // namespace sid
