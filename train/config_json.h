#pragma once

// A config as config.json and the experiments' results hold it: every setting under its flag's name, in the flags' order, but
// for `out` and `resume`, which say where results go and how they came about, not what they are.

#include <nlohmann/json.hpp>

#include "train/config.h"

namespace sid {

nlohmann::ordered_json ToJson(const TrainConfig& config);

}  // namespace sid
