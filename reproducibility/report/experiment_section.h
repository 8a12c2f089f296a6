#pragma once

// What report.json says of an experiment: its size, each setting's accuracy and theory over the seeds, each single run.

#include <nlohmann/json.hpp>
#include <string>

#include "reproducibility/verdict/judge.h"

namespace sid {

// Seconds that the runs took.
double Seconds(const Evidence& evidence);

nlohmann::ordered_json ExperimentSection(const std::string& name, const AllEvidence& all);

}  // namespace sid
