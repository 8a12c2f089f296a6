// Registries of claims. What parses can be selected and judged, on no evidence and on a run.

#include <cstdint>
#include <string_view>

#include "base/fuzzing/input.h"
#include "reproducibility/claims/claims.h"
#include "reproducibility/verdict/judge.h"
#include "third_party/logging/logging.h"

namespace {

const sid::Evidence& OneRun() {
  static const auto* const kRun = new sid::Evidence{.runs = {{"a.json", nlohmann::ordered_json::parse(R"({
        "settings": {"learner": "sid", "dataset": "mnist", "epochs": 1, "train_images": 0, "lr": 0.001, "seed": 1},
        "best_epoch": 1,
        "test": {"accuracy": [0.5]},
        "theory": {"divergence": [2.3, 1.0], "largest_excess": 0.0},
        "epochs": [{"validation": {"accuracy": [0.5], "divergence": [1.0]}}]})")}}};
  return *kRun;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto registry = sid::ParseRegistry({reinterpret_cast<const char*>(data), size});
  sid::CheckIsOneLine(registry.status());
  if (!registry.ok()) return 0;
  CHECK_EQ(sid::SelectClaims(*registry, "all")->size(), registry->claims.size());
  for (const sid::Claim& claim : registry->claims) {
    CHECK(sid::SelectClaims(*registry, claim.id).ok() || claim.id.find(',') != std::string::npos) << claim.id;
    CHECK(sid::Judge(claim, {}).ok());
    // What a rule asks for there may not be.
    const auto judgement = sid::Judge(claim, {.experiments = {{claim.experiment, OneRun()}}});
    if (judgement.ok()) (void)sid::ToJson(*judgement);
  }
  return 0;
}
