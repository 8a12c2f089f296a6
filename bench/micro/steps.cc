#include "bench/contenders/contender.h"
#include "bench/micro/work.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

std::vector<Contender> Contenders(at::Device device) {
  std::vector<Contender> contenders = {{.executor = "serial"},
                                       {.executor = "batched"},
                                       {.executor = "batched", .chunk = 4},
                                       {.executor = "batched", .precision = "bf16"},
                                       {.learner = "bp-chain"},
                                       {.learner = "bp-chain", .precision = "bf16"},
                                       {.learner = "bp-deep"}};
  if (device.is_cuda()) contenders.push_back({.executor = "cuda"});
  return contenders;
}

// A module's, by B H: sid/cascade/batched.h; without an extractor nobody needs d l / d z, 2 D. Backpropagation has the same products
// and d l / d q besides, 2 C, but for the first module's.
double CascadeFlops(const Contender& contender, const Problem& problem) {
  const auto classes = static_cast<double>(problem.classes), features = static_cast<double>(problem.features);
  const auto depth = static_cast<double>(contender.depth);
  double modules = depth * (10 * classes + (problem.extractor ? 6 : 4) * features);
  if (contender.learner != "sid") modules += (depth - 1) * 2 * classes;
  if (contender.learner == "sid" && contender.executor == "serial") modules += depth * (4 * classes + 2 * features);
  return modules * static_cast<double>(contender.batch * problem.hidden);
}

Work StepWork(const Contender& contender, const Problem& problem, at::Device device) {
  auto made = MakeContender(contender, problem, device);
  CHECK(made.ok()) << made.status();
  const std::shared_ptr<Learner> learner = *std::move(made);
  const Flops extractor = ExtractorFlops(contender.batch, problem.channels, problem.side, problem.features);
  return {.flops = CascadeFlops(contender, problem) + (problem.extractor ? extractor.products : 0),
          .convolution_flops = problem.extractor ? extractor.convolutions : 0,
          .precision = ParsePrecision(contender.precision, device).value(),
          .examples = static_cast<double>(contender.batch),
          .run = [=, batch = MakeBatch(contender, problem, device)] {
            Activate(contender, device);
            PhaseTimer untimed;
            learner->Step(batch, 1e-5, untimed);
          }};
}

}  // namespace

std::vector<NamedWork> Steps(at::Device device) {
  std::vector<NamedWork> works;
  for (const bool extractor : {false, true}) {
    for (const int64_t depth : {4, 8, 16, 64}) {
      for (Contender contender : Contenders(device)) {
        contender.depth = depth;
        const std::string name = (extractor ? "step/" : "cascade/") + Name(contender) + "/" + std::to_string(depth);
        works.push_back({name, [=] { return StepWork(contender, {.extractor = extractor}, device); }});
      }
    }
  }
  return works;
}

}  // namespace sid
