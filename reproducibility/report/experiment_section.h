#pragma once

// What report.json says of an experiment: its scale, each setting's accuracy and theory over the seeds, each single run.

#include <nlohmann/json.hpp>
#include <string>

#include "reproducibility/experiments/plan.h"
#include "reproducibility/verdict/judge.h"

namespace sid {

// Seconds that the runs took.
double Seconds(const Evidence& evidence);

// `name` is one of all.experiments.
nlohmann::ordered_json ExperimentSection(const std::string& name, const Scale& scale, const AllEvidence& all);

}  // namespace sid
