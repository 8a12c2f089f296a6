// The command line, an argument a line.

#include <gflags/gflags.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "base/command_line/flags.h"
#include "third_party/logging/logging.h"

DEFINE_int64(depth, 4, "a whole number");
DEFINE_double(rate, 0.1, "a number");
DEFINE_bool(capture, true, "a switch");
DEFINE_string(out, "", "a text");
DEFINE_uint64(seed, 1, "a whole number from 0 on");

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  // As the kernel hands them over: none has a zero byte in it.
  const std::vector<std::string> arguments = absl::StrSplit(text.substr(0, text.find('\0')), '\n');
  std::vector<const char*> argv = {"program"};
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  std::string help;
  const absl::Status status =
      sid::ParseFlags(static_cast<int>(argv.size()), argv.data(),
                      {"Usage: program", {{"All", {"depth", "rate", "capture", "out", "seed"}}}}, &help);
  if (!status.ok()) CHECK_EQ(status.message().find('\n'), absl::string_view::npos) << status;
  return 0;
}
