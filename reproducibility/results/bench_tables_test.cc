// The tables of docs/benchmarks.md, and of single trainings in docs/results.md, say what the committed files say, row by row.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "reproducibility/results/bench_tables_for_tests.h"

namespace sid {
namespace {

using nlohmann::ordered_json;

std::string GainInClosedForm(const std::string& title, const ordered_json& bench, const std::string& precision) {
  return Gains(title, bench, {"", "sid", "batched", precision}, {"", "bp-chain", "", precision});
}

std::vector<std::string> CascadeTimes() {
  const ordered_json bench = ReadJson("bench/cascade/results.json");
  std::vector<std::string> table;
  for (const Timed& timed : {Timed{"`sid`, `--executor=serial`", "sid", "serial", "fp32"},
                             {"`bp-chain`", "bp-chain", "", "fp32"},
                             {"`sid`, `--executor=batched`", "sid", "batched", "fp32"},
                             {"`sid`, `serial`, `--precision=bf16`", "sid", "serial", "bf16"},
                             {"`bp-chain`, `--precision=bf16`", "bp-chain", "", "bf16"},
                             {"`sid`, `batched`, `--precision=bf16`", "sid", "batched", "bf16"}}) {
    table.push_back(Milliseconds(bench, timed));
  }
  table.push_back(GainInClosedForm("`batched` against `bp-chain`: times faster", bench, "fp32"));
  table.push_back(GainInClosedForm("the same in bf16", bench, "bf16"));
  return table;
}

std::vector<std::string> StepTimes() {
  const ordered_json bench = ReadJson("bench/steps/results.json");
  std::vector<std::string> table;
  for (const Timed& timed : {Timed{"`sid`, `serial`, `--precision=bf16`", "sid", "serial", "bf16"},
                             {"`bp-chain`, `--precision=bf16`", "bp-chain", "", "bf16"},
                             {"`sid`, `batched`, `--precision=bf16`", "sid", "batched", "bf16"}}) {
    table.push_back(Milliseconds(bench, timed));
  }
  table.push_back(GainInClosedForm("the same in bf16", bench, "bf16"));
  return table;
}

std::vector<std::string> StepTimesOfTheEpyc() {
  const ordered_json bench = ReadJson("reproducibility/results/two_cores/bench.json");
  return {Milliseconds(bench, {"`sid`, `serial`", "sid", "serial", "fp32"}),
          Milliseconds(bench, {"`bp-chain`", "bp-chain", "", "fp32"}),
          Milliseconds(bench, {"`sid`, `batched`", "sid", "batched", "fp32"}),
          GainInClosedForm("`batched` against `bp-chain`: times faster", bench, "fp32")};
}

// Mebibytes above weights and optimizer state, by depth.
std::vector<std::string> Memory() {
  const ordered_json bench = ReadJson("bench/memory/results.json");
  std::vector<std::string> table;
  for (const auto& [title, learner, chunk] : {std::tuple("`sid`, all modules at a time", "sid", 0),
                                              {"`sid`, `--chunk=4`", "sid", 4},
                                              {"`bp-chain`", "bp-chain", 0},
                                              {"`bp-chain-checkpoint`", "bp-chain-checkpoint", 0}}) {
    std::vector<std::string> cells = {title};
    for (const ordered_json& contender : bench.at("contenders")) {
      if (contender.at("learner") != learner || contender.at("chunk") != chunk) continue;
      cells.push_back(absl::StrFormat("%.1f", contender.at("above_bytes").get<double>() / (1 << 20)));
    }
    table.push_back(Row(cells));
  }
  return table;
}

std::vector<std::string> Trainings() {
  const auto percent = [](const ordered_json& share) { return absl::StrFormat("%.2f %%", 100 * share.get<double>()); };
  const ordered_json trainings = ReadJson("reproducibility/results/h100/trainings.json");
  std::vector<std::string> table;
  for (const ordered_json& run : trainings.at("runs")) {
    const ordered_json &settings = run.at("config").at("settings"), &accuracy = run.at("summary").at("test_accuracy");
    const auto learner = settings.at("learner").get<std::string>();
    // The inner beliefs of bp-chain have no loss, and bp-head has none.
    const bool has_first = learner == "sid" || learner == "bp-deep";
    table.push_back(Row({absl::StrCat("`", learner, "`"), settings.at("epochs").dump(), percent(accuracy.back()),
                         has_first ? percent(accuracy.front()) : "-"}));
  }
  return table;
}

std::vector<std::string> ResNet9Trainings() {
  std::vector<std::string> table;
  const ordered_json trainings = ReadJson("reproducibility/results/h200/resnet9.json");
  for (const ordered_json& run : trainings.at("runs")) {
    const ordered_json& settings = run.at("config").at("settings");
    std::vector<std::string> accuracy;
    for (const ordered_json& share : run.at("summary").at("test_accuracy"))
      accuracy.push_back(absl::StrFormat("%.2f %%", 100 * share.get<double>()));
    table.push_back(Row({absl::StrCat("`", settings.at("learner").get<std::string>(), "`"), settings.at("depth").dump(),
                         absl::StrJoin(accuracy, ", ")}));
  }
  return table;
}

// The cascade of 64 modules by its phases, and what its products alone would need at the rate of a large one.
std::vector<std::string> WhereTheTimeGoes() {
  const ordered_json bench = ReadJson("bench/cascade/results.json");
  const double rate = std::stod(
      ReadJson("bench/micro/results.json").at("context").at("fp32_product_flops_per_second").get<std::string>());
  const auto cell = [](double seconds) { return absl::StrFormat("%.1f", 1e3 * seconds); };
  const auto profile = [&](const Timed& timed, const std::vector<std::string>& phases) {
    std::vector<std::string> cells = {timed.title};
    for (const std::string& wanted : phases) {
      for (const ordered_json& phase : Find(bench, timed, 64).at("phases")) {
        if (phase.at("phase") != wanted || phase.at("module") != -1) continue;
        cells.push_back(cell(phase.at("seconds").at("median").get<double>()));
      }
    }
    return Row(cells);
  };
  // Multiplications and additions over the modules; forward W1 [p; z] and W2 h, backward the weights' gradients and dh, and with bp-chain dp.
  const double of_one = 2.0 * 128 * 256 * 64, C = 100, D = 128;
  const auto products = [&](double backward) {
    const double forth = of_one * (2 * C + D) / rate, back = of_one * backward / rate;
    return Row({"its products alone", cell(forth), cell(back), "-", cell(forth + back)});
  };
  return {profile({"`sid`, `batched`", "sid", "batched", "fp32"}, {"teachers", "local update", "optimizer", "step"}),
          products(3 * C + D),
          profile({"`bp-chain`", "bp-chain", "", "fp32"}, {"forward", "backward", "optimizer", "step"}),
          products(4 * C + D)};
}

std::vector<std::string> ModelledCascade() {
  const ordered_json bench = ReadJson("bench/e2/cascade.json");
  std::vector<std::string> table;
  for (const ordered_json& modelled : bench.at("modelled_speedups")) {
    std::vector<std::string> cells = {modelled.at("depth").dump()};
    for (const char* field : {"phase_1_seconds", "phase_2_seconds", "optimizer_seconds", "slowest_module_seconds"}) {
      cells.push_back(absl::StrFormat("%.2f", 1e3 * modelled.at(field).get<double>()));
    }
    cells.push_back(absl::StrFormat("%.1f", modelled.at("theoretical").get<double>()));
    cells.push_back(absl::StrFormat("%.1f", modelled.at("critical_path").back().at("speedup").get<double>()));
    table.push_back(Row(cells));
  }
  return table;
}

std::vector<std::string> ModelledSteps() {
  const ordered_json bench = ReadJson("bench/e2/step.json");
  std::vector<std::string> times = {"whole step on 3x32x32 images, one core, ms"},
                           gains = {"its critical path, L devices: times faster"};
  for (const ordered_json& contender : bench.at("contenders")) {
    times.push_back(absl::StrFormat("%.0f", 1e3 * contender.at("step_seconds").at("median").get<double>()));
  }
  for (const ordered_json& modelled : bench.at("modelled_speedups")) {
    gains.push_back(absl::StrFormat("%.2f", modelled.at("critical_path").back().at("speedup").get<double>()));
  }
  return {Row(times), Row(gains)};
}

const Guarded kTables[] = {{"docs/benchmarks.md", "bench/steps/results.json", StepTimes},
                           {"docs/benchmarks.md", "reproducibility/results/two_cores/bench.json", StepTimesOfTheEpyc},
                           {"docs/benchmarks.md", "bench/cascade/results.json", CascadeTimes},
                           {"docs/benchmarks.md", "bench/micro/results.json", WhereTheTimeGoes},
                           {"docs/benchmarks.md", "bench/memory/results.json", Memory},
                           {"docs/benchmarks.md", "bench/e2/cascade.json", ModelledCascade},
                           {"docs/benchmarks.md", "bench/e2/step.json", ModelledSteps},
                           {"docs/results.md", "reproducibility/results/h100/trainings.json", Trainings},
                           {"docs/results.md", "reproducibility/results/h200/resnet9.json", ResNet9Trainings}};

TEST(Benchmarks, TablesSayWhatTheFilesSay) {
  for (const Guarded& guarded : kTables) ExpectTable(guarded);
}

// The whole commands of the trainings stand in the file; their flags are the settings'.
TEST(Trainings, CommandsSayTheirSettings) {
  const ordered_json trainings = ReadJson("reproducibility/results/h100/trainings.json");
  ASSERT_EQ(trainings.at("runs").size(), 5u);
  for (const ordered_json& run : trainings.at("runs")) {
    const auto command = run.at("command").get<std::string>();
    const ordered_json& settings = run.at("config").at("settings");
    for (const char* flag : {"dataset", "learner", "epochs", "batch_size", "precision", "threads"}) {
      const ordered_json& value = settings.at(flag);
      const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
      EXPECT_NE(command.find(absl::StrCat(" --", flag, "=", text, " ")), std::string::npos) << command << flag;
    }
    EXPECT_EQ(run.at("config").at("commit"), "ea85b4236664");
  }
}

}  // namespace
}  // namespace sid
