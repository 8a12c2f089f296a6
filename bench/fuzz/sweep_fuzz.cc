// Values of //:bench's flags, an argument a line, and the contenders that their lists make.

#include <gflags/gflags.h>

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "base/fuzzing/input.h"
#include "bench/flags.h"
#include "bench/sweep.h"
#include "third_party/logging/logging.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const gflags::FlagSaver defaults_again;
  const std::string text(reinterpret_cast<const char*>(data), size);
  // As a shell hands them over: without zero bytes.
  const std::vector<std::string> arguments = absl::StrSplit(text.substr(0, text.find('\0')), '\n');
  std::vector<const char*> argv = {"bench"};
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  std::string help;
  const auto config = sid::ConfigFromFlags(static_cast<int>(argv.size()), argv.data(), &help);
  sid::CheckIsOneLine(config.status());
  if (!config.ok()) return 0;
  const auto contenders = sid::Contenders(*config, at::kCPU);
  sid::CheckIsOneLine(contenders.status());
  if (!contenders.ok()) return 0;
  std::set<std::string> labels;
  for (const sid::Contender& contender : *contenders) CHECK(labels.insert(sid::Label(contender)).second);
  CHECK(!labels.empty());
  return 0;
}
