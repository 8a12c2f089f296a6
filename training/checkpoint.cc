#include "training/checkpoint.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "base/checksum.h"
#include "base/json/shape.h"
#include "base/json/text.h"
#include "base/status.h"

namespace sid {
namespace {

using Json = nlohmann::ordered_json;
using Metadata = std::map<std::string, std::string>;

constexpr char kFormatVersion[] = "2";
constexpr char kBest[] = "best.";  // before the names of the best epoch's weights

Json ToJson(const TrainingState& state) {
  return {{"epoch", state.epoch},
          {"step", state.step},
          {"rollbacks", state.rollbacks},
          {"seconds", state.seconds},
          {"losses",
           {{"steps", state.losses.steps},
            {"images", state.losses.images},
            {"correct", state.losses.correct},
            {"sums", state.losses.sums}}},
          {"best", {{"epoch", state.best.epoch}, {"accuracy", state.best.accuracy}}}};
}

constexpr char kShapeOfState[] = R"({
  "epoch": "count", "step": "count", "rollbacks": "count", "seconds": "number",
  "losses": {"steps": "count", "images": "count", "correct": "count", "sums": ["number"]},
  "best": {"epoch": "count", "accuracy": "number"}})";

// One of the metadata.
absl::StatusOr<Json> ParseMetadata(const Metadata& metadata, const std::string& key, const char* shape) {
  const auto found = metadata.find(key);
  if (found == metadata.end()) return absl::DataLossError(absl::StrCat("there is no '", key, "'"));
  absl::StatusOr<Json> json = ParseJson(found->second);
  absl::Status status = json.status();
  if (status.ok()) status = CheckShape(*json, Json::parse(shape));
  if (status.ok()) return json;
  return absl::DataLossError(absl::StrCat("in '", key, "', ", status.message()));
}

// Of that shape.
TrainingState StateFromJson(const Json& json) {
  TrainingState state;
  json.at("epoch").get_to(state.epoch);
  json.at("step").get_to(state.step);
  json.at("rollbacks").get_to(state.rollbacks);
  json.at("seconds").get_to(state.seconds);
  const Json& losses = json.at("losses");
  losses.at("steps").get_to(state.losses.steps);
  losses.at("images").get_to(state.losses.images);
  losses.at("correct").get_to(state.losses.correct);
  losses.at("sums").get_to(state.losses.sums);
  json.at("best").at("epoch").get_to(state.best.epoch);
  json.at("best").at("accuracy").get_to(state.best.accuracy);
  return state;
}

// In the order in which the file holds them, so that writer and reader sum alike.
std::vector<NamedTensor> FileTensors(const TrainingState& state) {
  std::vector<NamedTensor> tensors;
  const auto add = [&](const std::string& name, const at::Tensor& tensor) {
    tensors.push_back({name, tensor.detach().cpu().contiguous()});
  };
  for (const NamedTensor& one : state.tensors) add(one.name, one.tensor);
  for (const NamedTensor& one : state.best.weights) add(kBest + one.name, one.tensor);
  std::sort(tensors.begin(), tensors.end(), [](const NamedTensor& a, const NamedTensor& b) { return a.name < b.name; });
  return tensors;
}

void SortTensorsInto(TrainingState& state, std::vector<NamedTensor> tensors) {
  for (NamedTensor& named : tensors) {
    const bool best = absl::StartsWith(named.name, kBest);
    std::vector<NamedTensor>& place = best ? state.best.weights : state.tensors;
    place.push_back({std::string(absl::StripPrefix(named.name, best ? kBest : "")), std::move(named.tensor)});
  }
}

absl::StatusOr<Checkpoint> Parse(SafetensorsFile file) {
  SID_ASSIGN_OR_RETURN(const Json state, ParseMetadata(file.metadata, "state", kShapeOfState));
  SID_ASSIGN_OR_RETURN(const Json settings, ParseMetadata(file.metadata, "settings", R"([["text", 2]])"));
  SID_ASSIGN_OR_RETURN(const Json outputs, ParseMetadata(file.metadata, "outputs", R"({"*": "count"})"));
  Checkpoint checkpoint{.state = StateFromJson(state)};
  settings.get_to(checkpoint.settings);
  outputs.get_to(checkpoint.outputs);
  SortTensorsInto(checkpoint.state, std::move(file.tensors));
  SID_RETURN_IF_ERROR(CheckNumbers(checkpoint.state));
  return checkpoint;
}

}  // namespace

std::string CheckpointChecksum(const SafetensorsFile& file) {
  Sha256 checksum;
  for (const auto& [key, value] : file.metadata) {
    if (key != "sha256") checksum.AddText(key), checksum.AddText(value);
  }
  for (const auto& [name, tensor, role, module] : file.tensors) {
    checksum.AddText(name);
    checksum.AddText(absl::StrCat(c10::toString(tensor.scalar_type()), " ", absl::StrJoin(tensor.sizes(), " ")));
    checksum.Add({static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes()});
  }
  return checksum.Hex();
}

absl::Status SaveCheckpoint(const std::string& path, const Checkpoint& checkpoint) {
  SafetensorsFile file = {.tensors = FileTensors(checkpoint.state),
                          .metadata = {{"format", "pt"},
                                       {"format_version", kFormatVersion},
                                       {"state", ToJson(checkpoint.state).dump()},
                                       {"settings", Json(checkpoint.settings).dump()},
                                       {"outputs", Json(checkpoint.outputs).dump()}}};
  file.metadata["sha256"] = CheckpointChecksum(file);
  return SaveSafetensors(path, file.tensors, file.metadata);
}

absl::StatusOr<Checkpoint> LoadCheckpoint(const std::string& path) {
  SID_ASSIGN_OR_RETURN(SafetensorsFile file, LoadSafetensors(path));
  const std::string version = file.metadata["format_version"];
  if (version.empty()) return absl::DataLossError(absl::StrCat(path, " is no checkpoint: it names no format version"));
  if (version != kFormatVersion) {
    return absl::UnimplementedError(absl::StrCat(path, " is of checkpoint format ", absl::CHexEscape(version),
                                                 ", and this program reads ", kFormatVersion,
                                                 ": go on with the version that wrote it"));
  }
  std::sort(file.tensors.begin(), file.tensors.end(),
            [](const NamedTensor& a, const NamedTensor& b) { return a.name < b.name; });
  if (CheckpointChecksum(file) != file.metadata["sha256"])
    return absl::DataLossError(absl::StrCat(path, " is damaged: its checksum is wrong"));
  absl::StatusOr<Checkpoint> checkpoint = Parse(std::move(file));
  if (checkpoint.ok()) return checkpoint;
  return absl::DataLossError(absl::StrCat(
      path, " is no checkpoint: its metadata are not as this program writes them: ", checkpoint.status().message()));
}

absl::Status CheckSettings(const Settings& saved, const Settings& current) {
  const auto value = [](const Settings& settings, const std::string& name) {
    const auto found =
        std::find_if(settings.begin(), settings.end(), [&](const auto& one) { return one.first == name; });
    return found == settings.end() ? std::string("not set") : found->second;
  };
  for (const Settings* settings : {&current, &saved}) {
    for (const auto& [name, unused] : *settings) {
      const std::string before = value(saved, name), now = value(current, name);
      if (before == now) continue;
      return absl::InvalidArgumentError(absl::StrCat("the checkpoint is of another run: ", absl::CHexEscape(name),
                                                     " was ", absl::CHexEscape(before), " and is ", now));
    }
  }
  return absl::OkStatus();
}

}  // namespace sid
