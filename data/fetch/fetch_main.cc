// Downloads an official data set:  ./tools/bazel run //data:fetch -- --dataset=cifar10 --out=DIR

#include <gflags/gflags.h>
#include <unistd.h>

#include <cstdio>
#include <optional>
#include <string>

#include "base/command_line/flags.h"
#include "base/command_line/program.h"
#include "base/status.h"
#include "data/fetch/catalogue.h"
#include "data/fetch/fetch.h"
#include "data/fetch/progress.h"

DEFINE_string(dataset, "", "which one: cifar10 (170 MB), cifar100 (169 MB), tiny-imagenet (248 MB) or mnist (12 MB)");
DEFINE_string(out, "", "the folder to put it into, created where needed");
DEFINE_string(mirror, "", "a URL, http:// or https://, below which the same files lie; instead of the official one");

namespace sid {
namespace {

const ProgramFlags& Flags() {
  static const auto* const kFlags = new ProgramFlags{
      "Downloads the official archive of a data set, checks and unpacks it. What is there is not downloaded again,\n"
      "and an interrupted download goes on where it stopped.\n\n"
      "Usage: ./tools/bazel run //data:fetch -- --dataset=cifar10 --out=DIR",
      {{"Data set", {"dataset", "out"}}, {"Network", {"mirror"}}}};
  return *kFlags;
}

void Say(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

absl::Status FetchAsFlagsSay() {
  if (FLAGS_dataset.empty()) {
    return absl::InvalidArgumentError(
        "no data set named; name one with --dataset=NAME: cifar10, cifar100, tiny-imagenet, mnist");
  }
  SID_ASSIGN_OR_RETURN(const OfficialDataset dataset, FindOfficialDataset(FLAGS_dataset));
  if (FLAGS_out.empty()) return absl::InvalidArgumentError("no folder to put it into; name one with --out=DIR");
  FetchOptions options;
  options.out = CallersPath(FLAGS_out);
  options.mirror = FLAGS_mirror;
  std::optional<DownloadProgress> progress;
  const RemoteFile* shown = nullptr;
  options.say = [&](const std::string& line) {
    if (progress) progress->Finish();
    Say(line);
  };
  options.progress = [&](const RemoteFile& file, int64_t bytes_here) {
    if (shown != &file) progress.emplace(file.name(), file.bytes, isatty(STDOUT_FILENO) == 1, stdout, SecondsNow);
    shown = &file;
    progress->Update(bytes_here);
  };
  const absl::StatusOr<std::string> folder = Fetch(dataset, options);
  if (progress) progress->Finish();
  SID_RETURN_IF_ERROR(folder.status());
  Say("ready; train on it with --dataset=" + dataset.name + " --data_dir=" + *folder);
  return absl::OkStatus();
}

absl::Status Parse(int argc, char** argv, std::string* help) { return ParseFlags(argc, argv, Flags(), help); }

}  // namespace
}  // namespace sid

int main(int argc, char** argv) {
  return sid::RunProgram({.name = "fetch", .parse = sid::Parse, .work = sid::FetchAsFlagsSay}, argc, argv);
}
