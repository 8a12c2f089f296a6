#pragma once

// What every command does around its work: --help, --version, one line for what went wrong, an exit code.
//
//   0  it did what was asked, or showed its help or its version
//   1  it failed although it was asked for rightly: a full disk, memory, a device, numbers that are not finite
//   2  bad input
//
//   int main(int argc, char** argv) {
//     return sid::RunProgram({.name = "fetch", .parse = ..., .work = FetchAsFlagsSay}, argc, argv);
//   }

#include <exception>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "base/text.h"

namespace sid {

// 0 for OK, 1 for kInternal and kResourceExhausted, 2 for all others, which are the input's.
int ExitCode(const absl::Status& status);

struct Program {
  std::string name;  // stands before each line about an error
  // Takes the command line; `*help` receives what --help shows. A status is bad input, whatever its code.
  std::function<absl::Status(int argc, char** argv, std::string* help)> parse;
  std::function<absl::Status()> work;
  std::function<int(const absl::Status&)> exit_code = ExitCode;
  // The line about an exception, which LibTorch throws where memory or a device fails; the exit code is 1.
  std::function<std::string(const std::exception&)> describe = FirstLine;
};

// Sets up logging to standard error, parses, works. Returns main's exit code. Once a process.
int RunProgram(const Program& program, int argc, char** argv);

// Of a clock that never goes back, since any fixed time. For main functions: libraries are given a clock.
double SecondsNow();

// What programs draw for a person who waits.

// The width of the terminal that standard output goes to; 0 where it goes elsewhere, as into a file.
int TerminalColumns();

// "[####......]" of `width` characters between the brackets; `fraction` in [0, 1], what is outside is taken as the end.
std::string ProgressBar(double fraction, int width);

}  // namespace sid
