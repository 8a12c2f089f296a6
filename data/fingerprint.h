#pragma once

// One number for a data set, so that a run is not continued on other data.

#include <string>

#include "data/dataset.h"

namespace sid {

// SHA-256, as text, of every image and label of all three parts and their sizes. Of a set on the CPU.
std::string Fingerprint(const Dataset& dataset);

}  // namespace sid
