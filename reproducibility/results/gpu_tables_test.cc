// The tables of docs/benchmarks.md that GPUs made, row by row.

#include <nlohmann/json.hpp>
#include <string>
#include <tuple>
#include <vector>

#include "bench/results/read.h"
#include "reproducibility/results/bench_tables_for_tests.h"

namespace sid {
namespace {

using nlohmann::ordered_json;

// Of the executor with the chain's kernel, and of bp-chain.
Timed Kernel(const std::string& precision) { return {"", "sid", "cuda", precision, /*captured=*/true}; }
Timed Chain(const std::string& precision) { return {"", "bp-chain", "", precision, /*captured=*/true}; }

const char* const kPrecisions[] = {"fp32", "tf32", "bf16"};

std::string GainOfKernel(const ordered_json& bench, const std::string& precision) {
  return Gains(absl::StrCat("times faster: `cuda` against `bp-chain`, ", precision), bench, Kernel(precision),
               Chain(precision));
}

std::vector<std::string> GpuTimes() {
  const ordered_json bench = ReadJson("bench/h200/steps.json");
  std::vector<std::string> table;
  for (const std::string precision : kPrecisions) {
    for (const auto& [title, learner, executor] : {std::tuple("`sid`, `cuda`", "sid", "cuda"),
                                                   {"`sid`, `batched`", "sid", "batched"},
                                                   {"`bp-chain`", "bp-chain", ""}}) {
      const std::string whole = absl::StrCat(title, ", ", precision);
      table.push_back(Milliseconds(bench, {whole, learner, executor, precision, true}, /*decimals=*/true));
    }
  }
  for (const std::string precision : kPrecisions) table.push_back(GainOfKernel(bench, precision));
  return table;
}

std::vector<std::string> GainsOnTheH100() {
  const ordered_json bench = ReadJson("reproducibility/results/two_cores/bench-3.json");
  std::vector<std::string> table;
  for (const std::string precision : kPrecisions) table.push_back(GainOfKernel(bench, precision));
  return table;
}

// The phases of SID's replayed steps, in bf16.
std::vector<std::string> PhasesOfReplays() {
  const ordered_json bench = ReadJson("bench/h200/steps.json");
  std::vector<std::string> table;
  for (const char* phase :
       {"extractor forward", "teachers", "local update", "extractor backward", "optimizer", "step"}) {
    std::vector<std::string> cells = {phase};
    for (const int64_t depth : kDepths) {
      const ordered_json& contender = Find(bench, Kernel("bf16"), depth);
      EXPECT_EQ(contender.at("phases_of"), "replay");
      cells.push_back(absl::StrFormat("%.3f", 1e3 * PhaseSeconds(contender, phase)));
    }
    table.push_back(Row(cells));
  }
  return table;
}

// A part of a step of L = 64 modules and 128 images in bf16: what it computes and moves, each array once, and what that would take an H200
// (NVIDIA's data sheet: 4.8 TB/s, 990 TFLOP/s of bf16 products, 67 of float32 operations). The chains compute in float32.
struct Part {
  std::string title;
  double products = 0, operations = 0, bytes = 0;  // flops and bytes
  double in_turn = 0;                              // seconds of what must come one after the other
  double measured = 0;                             // seconds
};

std::string BoundsOf(const Part& part) {
  const auto micro = [](double seconds) { return absl::StrFormat("%.0f", 1e6 * seconds); };
  return Row({part.title, absl::StrFormat("%.1f", 1e-9 * (part.products + part.operations)),
              absl::StrFormat("%.0f", 1e-6 * part.bytes), micro(part.products / 990e12 + part.operations / 67e12),
              micro(part.bytes / 4.8e12), part.in_turn > 0 ? micro(part.in_turn) : "-", micro(part.measured)});
}

std::vector<std::string> Bounds() {
  const ordered_json bench = ReadJson("bench/h200/steps.json");
  const ordered_json &sid = Find(bench, Kernel("bf16"), 64), &bp = Find(bench, Chain("bf16"), 64);
  constexpr double B = 128, C = 100, D = 128, H = 256, L = 64, kHalf = 2, kWhole = 4;  // bytes of a number
  // Convolutions 3-32-64 on 32 x 32, 64-128-128 on 16 x 16, each pair pooled, and the features.
  const double convolutions = 2 * B * (9 * (3 * 32 + 32 * 64) * 1024 + 9 * (64 * 128 + 128 * 128) * 256 + 128 * 128);
  const double kept = B * ((32 + 64) * 1024 + 64 * 256 + 2 * 128 * 256 + 128 * 64), image = B * 3 * 1024;
  const double read = B * (32 * 1024 + 64 * 256 + 128 * 256 + 128 * 64);
  const double forward = PhaseSeconds(sid, "extractor forward"), back = PhaseSeconds(sid, "extractor backward");
  const double factors = H * (2 * C + D), belief = B * C, units = B * H, product = 2 * B * H * L;
  // In turn: the headers of chain.h and chain_back.h.
  return {BoundsOf({"extractor forward", convolutions, 0, kHalf * (image + kept + read), 0, forward}),
          BoundsOf({"extractor backward", 2 * convolutions, 0, kHalf * (image + 3 * kept), 0, back}),
          BoundsOf({"`sid`: teachers", product * D, product * 2 * C,
                    L * (kHalf * (factors + 3 * units + belief) + kWhole * belief), 1.3e-6 * L,
                    PhaseSeconds(sid, "teachers")}),
          BoundsOf({"`sid`: local update", product * (3 * C + 2 * D), 0,
                    L * (kHalf * (factors + 3 * units + 2 * belief) + kWhole * factors), 0,
                    PhaseSeconds(sid, "local update")}),
          BoundsOf({"`bp-chain`: forward through its chain", product * D, product * 2 * C,
                    L * (kHalf * (factors + 3 * units) + kWhole * belief), 1.3e-6 * L,
                    PhaseSeconds(bp, "forward") - forward}),
          BoundsOf({"`bp-chain`: back through its chain", product * (2 * C + 2 * D), product * 2 * C,
                    L * (kHalf * (factors + 3 * units + 3 * belief) + kWhole * (factors + belief)), 1.1e-6 * L,
                    PhaseSeconds(bp, "backward") - back}),
          BoundsOf({"optimizer", 0, 0, sid.at("parameter_bytes").get<double>() / kWhole * (7 * kWhole + kHalf), 0,
                    PhaseSeconds(sid, "optimizer")})};
}

// Steps of backpropagation, and of modules that own blocks, one after the other and side by side.
std::vector<std::string> SideBySide(const std::string& path) {
  const ordered_json bench = ReadJson(path);
  std::vector<std::string> table;
  for (const ordered_json& bp : bench.at("contenders")) {
    if (bp.at("learner") != "bp") continue;
    std::vector<std::string> cells = {bp.at("batch").dump()};
    const auto add = [&](const ordered_json& contender) {
      cells.push_back(absl::StrFormat("%.3f", 1e3 * contender.at("step_seconds").at("median").get<double>()));
    };
    add(bp);
    std::string pipeline;
    for (const ordered_json& sid : bench.at("contenders")) {
      if (sid.at("learner") != "sid" || sid.at("batch") != bp.at("batch")) continue;
      add(sid);
      pipeline = sid.at("label").get<std::string>();
    }
    for (const ordered_json& pair : bench.at("measured_speedups")) {
      if (pair.at("of") == pipeline && pair.at("over") == bp.at("label"))
        cells.push_back(absl::StrFormat("%.2f", pair.at("ratio").at("median").get<double>()));
    }
    table.push_back(Row(cells));
  }
  return table;
}
std::vector<std::string> ResNet18ByFour() { return SideBySide("bench/h200/resnet18_even4.json"); }
std::vector<std::string> ResNet18ByEight() { return SideBySide("bench/h200/resnet18_even8.json"); }
std::vector<std::string> VitTinyByFour() { return SideBySide("bench/h200/vit_tiny_even4.json"); }

const Guarded kTables[] = {{"docs/benchmarks.md", "bench/h200/steps.json", GpuTimes},
                           {"docs/benchmarks.md", "bench/h200/steps.json (phases)", PhasesOfReplays},
                           {"docs/benchmarks.md", "bench/h200/steps.json (bounds)", Bounds},
                           {"docs/benchmarks.md", "reproducibility/results/two_cores/bench-3.json", GainsOnTheH100},
                           {"docs/benchmarks.md", "bench/h200/resnet18_even4.json", ResNet18ByFour},
                           {"docs/benchmarks.md", "bench/h200/resnet18_even8.json", ResNet18ByEight},
                           {"docs/benchmarks.md", "bench/h200/vit_tiny_even4.json", VitTinyByFour}};

TEST(Gpu, TablesSayWhatTheFilesSay) {
  for (const Guarded& guarded : kTables) ExpectTable(guarded);
}

}  // namespace
}  // namespace sid
