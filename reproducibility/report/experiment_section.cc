#include <map>
#include <set>
#include <vector>

#include "reproducibility/experiments/results.h"
#include "reproducibility/report/report.h"
#include "reproducibility/verdict/comparison.h"
#include "reproducibility/verdict/evidence.h"

namespace sid {
namespace {

using nlohmann::ordered_json;

// What a table of settings shows where it varies, in this order.
constexpr const char* kFields[] = {
    "dataset",       "learner",     "depth", "alpha", "initialisation", "divergence", "smoothing", "extractor_gradient",
    "belief_update", "label_noise", "lr",    "head",  "network",        "overlap"};

bool Failed(const FinishedRun& run) { return run.result.contains("failed"); }

std::vector<std::string> VaryingFields(const Evidence& evidence) {
  std::vector<std::string> varying;
  for (const char* field : kFields) {
    std::set<std::string> values;
    for (const FinishedRun& run : evidence.runs) values.insert(SettingOf(run.result.at("settings"), field).dump());
    if (values.size() > 1) varying.emplace_back(field);
  }
  return varying;
}

ordered_json RunRow(const FinishedRun& run) {
  ordered_json row = {{"file", run.name}, {"accuracy", nullptr}, {"seconds", run.result.value("seconds", 0.0)}};
  if (Failed(run)) return row;
  const ordered_json& test = run.result.at("test");
  row["accuracy"] = test.at("accuracy").back();
  // Earlier results lack it.
  if (test.contains("last_epoch_accuracy")) row["last_epoch_accuracy"] = test.at("last_epoch_accuracy");
  return row;
}

using Runs = std::vector<const FinishedRun*>;

// Element by element, as far as all of the runs have numbers.
template <typename Function>
ordered_json Means(const Runs& runs, Function list_of) {
  std::vector<ordered_json> lists;
  for (const FinishedRun* run : runs) lists.push_back(list_of(run->result));
  ordered_json means = ordered_json::array();
  for (size_t at = 0; !lists.empty(); ++at) {
    double sum = 0;
    for (const ordered_json& list : lists) {
      if (at >= list.size() || !list[at].is_number()) return means;
      sum += list[at].get<double>();
    }
    means.push_back(NumberOrNull(sum / static_cast<double>(lists.size())));
  }
  return means;
}

// Null where there is no run, or one has no such number.
template <typename Function>
ordered_json Mean(const Runs& runs, Function number_of) {
  const ordered_json means =
      Means(runs, [&](const ordered_json& result) { return ordered_json::array({number_of(result)}); });
  return means.empty() ? ordered_json(nullptr) : means.front();
}

// Of the last belief, epoch by epoch.
ordered_json ValidationAccuracies(const ordered_json& result) {
  ordered_json list = ordered_json::array();
  for (const ordered_json& epoch : result.at("epochs")) {
    const ordered_json& accuracy = epoch.at("validation").at("accuracy");
    if (!accuracy.empty()) list.push_back(accuracy.back());
  }
  return list;
}

// One setting's runs over its seeds: accuracy, and d_0 to d_L with what comes of them, means over the test images and the seeds.
ordered_json AccuracyRow(const Runs& runs, const std::vector<std::string>& varying) {
  ordered_json settings = ordered_json::object();
  for (const std::string& field : varying) settings[field] = SettingOf(runs.front()->result.at("settings"), field);
  Runs ended;
  std::vector<uint64_t> seeds;
  std::vector<double> last;
  for (const FinishedRun* run : runs) {
    if (Failed(*run)) continue;
    ended.push_back(run);
    seeds.push_back(run->result.at("settings").at("seed").get<uint64_t>());
    last.push_back(run->result.at("test").at("accuracy").back().get<double>());
  }
  const Comparison summary = last.empty() ? Comparison() : Compare("", {true, 0}, seeds, last);
  ordered_json row = {{"settings", settings},
                      {"values", last},
                      {"failed", runs.size() - last.size()},
                      {"mean", NumberOrNull(summary.mean)},
                      {"deviation", NumberOrNull(summary.deviation)},
                      {"t_interval", {NumberOrNull(summary.t.low), NumberOrNull(summary.t.high)}}};
  const auto theory = [](const char* name) {
    return [name](const ordered_json& result) { return result.at("theory").at(name); };
  };
  row["first_mean"] = Mean(ended, [](const ordered_json& result) { return result.at("test").at("accuracy").front(); });
  row["divergence"] = Means(ended, theory("divergence"));
  for (const char* name : {"sum_of_failures", "fell_everywhere"}) row[name] = Mean(ended, theory(name));
  row["validation_accuracy"] = Means(ended, ValidationAccuracies);
  return row;
}

ordered_json AccuracyRows(const Evidence& evidence, const std::vector<std::string>& varying) {
  std::vector<std::string> order;
  std::map<std::string, Runs> groups;
  for (const FinishedRun& run : evidence.runs) {
    ordered_json settings = run.result.at("settings");
    settings.erase("seed");
    const std::string key = settings.dump();
    if (groups.count(key) == 0) order.push_back(key);
    groups[key].push_back(&run);
  }
  ordered_json rows = ordered_json::array();
  for (const std::string& key : order) rows.push_back(AccuracyRow(groups[key], varying));
  return rows;
}

}  // namespace

double Seconds(const AllEvidence& all, const std::string& experiment) {
  const auto found = all.experiments.find(experiment);
  if (found == all.experiments.end()) return 0;
  double sum = 0;
  for (const FinishedRun& run : found->second.runs) sum += run.result.value("seconds", 0.0);
  return sum;
}

ordered_json ExperimentSection(const std::string& name, const AllEvidence& all) {
  const auto found = all.experiments.find(name);
  const Evidence evidence = found == all.experiments.end() ? Evidence() : found->second;
  const auto not_run = all.not_run.find(name);
  const std::vector<std::string> varying = VaryingFields(evidence);
  std::map<std::string, std::set<ordered_json>> sizes = {
      {"dataset", {}}, {"epochs", {}}, {"train_images", {}}, {"seed", {}}};
  ordered_json runs = ordered_json::array();
  for (const FinishedRun& run : evidence.runs) {
    for (auto& [field, values] : sizes) values.insert(run.result.at("settings").at(field));
    runs.push_back(RunRow(run));
  }
  return {{"name", name},
          {"not_run", not_run == all.not_run.end() ? "" : not_run->second},
          {"stand_in", evidence.stand_in},
          {"datasets", sizes["dataset"]},
          {"epochs", sizes["epochs"]},
          {"train_images", sizes["train_images"]},
          {"seeds", sizes["seed"]},
          {"seconds", Seconds(all, name)},
          {"varies", varying},
          {"accuracies", AccuracyRows(evidence, varying)},
          {"runs", runs}};
}

}  // namespace sid
