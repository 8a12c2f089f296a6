#include "sid/training/state/checkpoint.h"

#include <algorithm>
#include <exception>
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
#include "base/status.h"
#include "sid/checkpoint/safetensors.h"

namespace sid {
namespace {

using Json = nlohmann::json;
using Metadata = std::map<std::string, std::string>;

constexpr char kFormatVersion[] = "1";
constexpr char kBest[] = "best.";  // before the names of the best epoch's weights

// Of contiguous tensors on the CPU.
std::string ChecksumOf(const std::vector<NamedTensor>& tensors, const Metadata& metadata) {
  Sha256 checksum;
  for (const auto& [key, value] : metadata) {
    if (key != "sha256") checksum.AddText(key), checksum.AddText(value);
  }
  for (const auto& [name, tensor] : tensors) {
    checksum.AddText(name);
    checksum.AddText(absl::StrCat(c10::toString(tensor.scalar_type()), " ", absl::StrJoin(tensor.sizes(), " ")));
    checksum.Add({static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes()});
  }
  return checksum.Hex();
}

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

// Throws, as all below does, nlohmann's exceptions where something is missing or of another type; 1e300 is no integer.
int64_t Integer(const Json& json, const std::string& name) {
  return json.at(name).get_ref<const Json::number_integer_t&>();
}

TrainingState StateFromJson(const Json& json) {
  TrainingState state;
  state.epoch = Integer(json, "epoch");
  state.step = Integer(json, "step");
  state.rollbacks = Integer(json, "rollbacks");
  json.at("seconds").get_to(state.seconds);
  const Json& losses = json.at("losses");
  state.losses.steps = Integer(losses, "steps");
  state.losses.images = Integer(losses, "images");
  state.losses.correct = Integer(losses, "correct");
  losses.at("sums").get_to(state.losses.sums);
  state.best.epoch = Integer(json.at("best"), "epoch");
  json.at("best").at("accuracy").get_to(state.best.accuracy);
  return state;
}

// In the order in which the file holds them, so that writer and reader sum alike.
std::vector<NamedTensor> FileTensors(const TrainingState& state) {
  std::vector<NamedTensor> tensors;
  const auto add = [&](const std::string& name, const at::Tensor& tensor) {
    tensors.push_back({name, tensor.detach().cpu().contiguous()});
  };
  for (const Parameter& parameter : state.tensors) add(parameter.name, parameter.tensor);
  for (const Parameter& parameter : state.best.weights) add(kBest + parameter.name, parameter.tensor);
  std::sort(tensors.begin(), tensors.end(), [](const NamedTensor& a, const NamedTensor& b) { return a.name < b.name; });
  return tensors;
}

void SortTensorsInto(TrainingState& state, std::vector<NamedTensor> tensors) {
  for (NamedTensor& named : tensors) {
    const bool best = absl::StartsWith(named.name, kBest);
    std::vector<Parameter>& place = best ? state.best.weights : state.tensors;
    place.push_back({std::string(absl::StripPrefix(named.name, best ? kBest : "")), std::move(named.tensor)});
  }
}

absl::StatusOr<Checkpoint> Parse(const std::string& path, SafetensorsFile file) {
  try {
    Checkpoint checkpoint{.state = StateFromJson(Json::parse(file.metadata.at("state")))};
    Json::parse(file.metadata.at("settings")).get_to(checkpoint.settings);
    const Json outputs = Json::parse(file.metadata.at("outputs"));
    for (const auto& output : outputs.items()) checkpoint.outputs[output.key()] = Integer(outputs, output.key());
    SortTensorsInto(checkpoint.state, std::move(file.tensors));
    if (const absl::Status numbers = CheckNumbers(checkpoint.state); !numbers.ok())
      return absl::DataLossError(absl::StrCat(path, " is no checkpoint: ", numbers.message()));
    return checkpoint;
  } catch (const std::exception&) {  // out_of_range of a missing key, nlohmann's of JSON that is not as it should be
    return absl::DataLossError(
        absl::StrCat(path, " is no checkpoint: its metadata are not as this program writes them"));
  }
}

}  // namespace

absl::Status SaveCheckpoint(const std::string& path, const Checkpoint& checkpoint) {
  const std::vector<NamedTensor> tensors = FileTensors(checkpoint.state);
  Metadata metadata = {{"format_version", kFormatVersion},
                       {"state", ToJson(checkpoint.state).dump()},
                       {"settings", Json(checkpoint.settings).dump()},
                       {"outputs", Json(checkpoint.outputs).dump()}};
  metadata["sha256"] = ChecksumOf(tensors, metadata);
  return SaveSafetensors(path, tensors, metadata);
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
  if (ChecksumOf(file.tensors, file.metadata) != file.metadata["sha256"])
    return absl::DataLossError(absl::StrCat(path, " is damaged: its checksum is wrong"));
  return Parse(path, std::move(file));
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
