#pragma once

// A program's flags: gflags holds and converts them, this parses the command line, so that bad input is a Status
// instead of gflags' own exit, and --help shows this program's flags instead of every library's.
//
//   DEFINE_string(dataset, "cifar10", "which data set to download");
//
//   std::string help;
//   const absl::Status parsed = ParseFlags(argc, argv, {"Usage: fetch ...", {{"Data", {"dataset"}}}}, &help);
//   if (!parsed.ok()) ...  // print its message and exit with code 2
//   if (!help.empty()) ...  // print it and exit with code 0
//
// Understood are --name=value, --name value, --switch, --switch=false, --noswitch, each with one dash or two, and `--`,
// after which no flag follows. The last of several values counts.

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace sid {

// Flags that belong together, in the order in which --help shows them.
struct FlagTopic {
  std::string topic;
  std::vector<std::string> names;  // as DEFINE_... names them

  // What DEFINE_... does, for a variable that holds the default already: gflags keeps the pointer for as long as the program runs.
  // Value: bool, int64_t, uint64_t, double or std::string.
  template <typename Value>
  void Add(const char* name, Value* value, const std::string& help);
};

// What a program takes. A flag that is in no topic is unknown to it, even when some library defines it.
struct ProgramFlags {
  std::string usage;  // the first lines of --help
  std::vector<FlagTopic> topics;
};

// Sets the flags. InvalidArgument, in one line: an unknown flag (with the nearest name), a missing or malformed value
// (with flag, value and what was expected), or an argument that is no flag. With --help nothing is set and `*help`
// receives the text to print; otherwise it is empty.
absl::Status ParseFlags(int argc, const char* const* argv, const ProgramFlags& program, std::string* help);

// ParseFlags as RunProgram wants it (program.h); `program` must outlive it.
std::function<absl::Status(int argc, char** argv, std::string* help)> ParserOf(const ProgramFlags& program);

// "--name=value" for each, as they are set now: what a further process of the program is given.
std::vector<std::string> FlagsAsSet(const ProgramFlags& program);

// A path as the caller of `bazel run` means it: Bazel starts programs elsewhere, and names the caller's folder in
// BUILD_WORKING_DIRECTORY. Without that, and for absolute and empty paths, `given` itself. `~` is the caller's home (base/paths.h), which
// no shell puts in its place behind a flag's =. For main functions only.
std::string CallersPath(const std::string& given);

// The same for a flag of a library that parses its own: --flag=PATH among the arguments becomes --flag=CallersPath(PATH).
void MakeCallersPath(const std::string& flag, int argc, char** argv);

}  // namespace sid
