// Runs a fuzz target over the files of a folder, as they are, cut short at many places, and with bytes changed: what a test can
// repeat of fuzzing, with any compiler and always alike.

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include "base/files.h"
#include "third_party/logging/logging.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

int64_t runs = 0;

void Try(const std::string& input) {
  ++runs;
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size());
}

void TryChanged(const std::string& input) {
  constexpr size_t kPlaces = 100;
  const size_t stride = std::max<size_t>(input.size() / kPlaces, 1);
  for (size_t place = 0; place < input.size(); place += stride) {
    Try(input.substr(0, place));
    for (const char byte : {'\x00', '\x7f', '\xff', '"', '\n'}) {
      std::string changed = input;
      changed[place] = byte;
      Try(changed);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  CHECK_EQ(argc, 2) << "the folder of the corpus";
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1])) paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  CHECK(!paths.empty()) << argv[1];
  Try("");
  for (const std::string& path : paths) {
    // Last on the screen when it crashes.
    std::cout << path << std::endl;
    const std::string input = sid::ReadFile(path).value();
    Try(input);
    TryChanged(input);
  }
  std::cout << runs << " inputs from " << paths.size() << " files" << std::endl;
}
