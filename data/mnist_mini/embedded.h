#pragma once

// The two gzipped idx files of this folder, as bytes of the binary itself.

#include <string_view>

namespace sid {

std::string_view EmbeddedMnistImages();
std::string_view EmbeddedMnistLabels();

}  // namespace sid
