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

struct Flops {
  double products = 0, convolutions = 0;
};

// SimpleCNN's, forward and, for weights and inputs, twice as much backward; the images need no gradient.
Flops ExtractorFlops(const Contender& contender, const Problem& problem) {
  const auto pixels = static_cast<double>(problem.side * problem.side), batch = static_cast<double>(contender.batch);
  const double first = pixels * static_cast<double>(problem.channels) * 32;
  const double others = pixels * (32 * 64 + (64 * 128 + 128 * 128) / 4.0);
  return {2.0 * 3 * batch * 128 * static_cast<double>(problem.features), 2.0 * 9 * batch * (2 * first + 3 * others)};
}

Work StepWork(const Contender& contender, const Problem& problem, at::Device device) {
  auto made = MakeContender(contender, problem, device);
  CHECK(made.ok()) << made.status();
  const std::shared_ptr<Learner> learner = *std::move(made);
  const Flops extractor = problem.extractor ? ExtractorFlops(contender, problem) : Flops();
  return {.flops = CascadeFlops(contender, problem) + extractor.products,
          .convolution_flops = extractor.convolutions,
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
