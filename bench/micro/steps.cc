#include "bench/contenders/contender.h"
#include "bench/micro/work.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

std::vector<Contender> Contenders(at::Device device) {
  std::vector<Contender> contenders = {{.executor = "serial"},
                                       {.executor = "batched"},
                                       {.executor = "batched", .chunk = 4},
                                       {.learner = "bp-chain"},
                                       {.learner = "bp-deep"}};
  if (device.is_cuda()) contenders.push_back({.executor = "cuda"});
  return contenders;
}

Work StepWork(const Contender& contender, const Problem& problem, at::Device device) {
  auto made = MakeContender(contender, problem, device);
  CHECK(made.ok()) << made.status();
  const std::shared_ptr<Learner> learner = *std::move(made);
  return {.examples = static_cast<double>(contender.batch),
          .run = [learner, batch = MakeBatch(problem, contender.batch, device)] {
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
