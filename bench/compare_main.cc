// ./tools/bazel run //bench:compare -- OLD.json NEW.json

#include <iostream>

#include "base/command_line/flags.h"
#include "base/command_line/program.h"
#include "base/files.h"
#include "base/status.h"
#include "bench/results/compare.h"

namespace sid {
namespace {

constexpr double kTolerance = 0.02;  // what two runs of one program on a quiet machine differ by

constexpr char kUsage[] =
    "Compares two runs of //:bench, contender by contender: faster, slower, or no difference.\n\n"
    "Usage: ./tools/bazel run //bench:compare -- OLD.json NEW.json\n";

absl::Status Compare(const std::string& old_path, const std::string& new_path) {
  SID_ASSIGN_OR_RETURN(const std::string old_text, ReadFile(CallersPath(old_path)));
  SID_ASSIGN_OR_RETURN(const std::string new_text, ReadFile(CallersPath(new_path)));
  SID_ASSIGN_OR_RETURN(const RunComparison comparison, CompareRuns(old_text, old_path, new_text, new_path, kTolerance));
  std::cout << ToMarkdown(comparison);
  return absl::OkStatus();
}

struct Files {
  std::string old_path, new_path;
};

absl::Status Parse(int argc, char** argv, Files* files, std::string* help) {
  const std::string first = argc > 1 ? argv[1] : "";
  if (first == "--help" || first == "-help" || first == "-h") {
    *help = kUsage;
    return absl::OkStatus();
  }
  if (argc != 3) return absl::InvalidArgumentError("expected two files, OLD.json NEW.json; --help says more");
  *files = {argv[1], argv[2]};
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  Files files;
  return RunProgram(
      {.name = "compare",
       .parse = [&](int count, char** arguments, std::string* help) { return Parse(count, arguments, &files, help); },
       .work = [&] { return Compare(files.old_path, files.new_path); }},
      argc, argv);
}

}  // namespace
}  // namespace sid

int main(int argc, char** argv) { return sid::Main(argc, argv); }
