#include "base/command_line/flags.h"

#include <gflags/gflags.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/paths.h"
#include "base/status.h"
#include "base/text.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

using Flag = gflags::CommandLineFlagInfo;

// One argument taken apart; `name` is empty for an argument that is no flag.
struct Argument {
  std::string name;
  std::optional<std::string> value;
};

Argument TakeApart(std::string_view text) {
  if (text.size() < 2 || text[0] != '-') return {};
  text.remove_prefix(text[1] == '-' ? 2 : 1);
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos) return {std::string(text), std::nullopt};
  return {std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))};
}

bool AsksForHelp(int argc, const char* const* argv) {
  for (int i = 1; i < argc && std::string_view(argv[i]) != "--"; ++i) {
    const Argument argument = TakeApart(argv[i]);
    if (argument.name == "help" || argument.name == "h") return true;
  }
  return false;
}

Flag RegisteredFlag(const std::string& name) {
  Flag flag;
  CHECK(gflags::GetCommandLineFlagInfo(name.c_str(), &flag)) << "no DEFINE_ for the flag " << name;
  return flag;
}

std::vector<Flag> FlagsOf(const ProgramFlags& program) {
  std::vector<Flag> flags;
  for (const FlagTopic& topic : program.topics) {
    for (const std::string& name : topic.names) flags.push_back(RegisteredFlag(name));
  }
  return flags;
}

const Flag* Find(const std::vector<Flag>& flags, std::string_view name) {
  for (const Flag& flag : flags) {
    if (flag.name == name) return &flag;
  }
  return nullptr;
}

std::string ExpectedValue(const std::string& type) {
  if (type == "bool") return "true or false";
  if (type == "int32") return "a whole number from -2147483648 to 2147483647";
  if (type == "uint32") return "a whole number from 0 to 4294967295";
  if (type == "int64") return "a whole number";
  if (type == "uint64") return "a whole number from 0 on";
  if (type == "double") return "a number";
  return "text";
}

absl::Status UnknownFlag(const std::string& name, const std::vector<Flag>& flags) {
  std::vector<std::string> names;
  names.reserve(flags.size());
  for (const Flag& flag : flags) names.push_back(flag.name);
  const std::string nearest = NearestName(name, names);
  return absl::InvalidArgumentError(absl::StrCat("unknown flag --", name,
                                                 nearest.empty() ? "" : absl::StrCat("; did you mean --", nearest, "?"),
                                                 nearest.empty() ? "; --help lists all" : " --help lists all"));
}

absl::Status UnexpectedArgument(const std::string& argument) {
  return absl::InvalidArgumentError(
      absl::StrCat("unexpected argument '", argument, "'; every setting is a flag, --name=value; --help lists all"));
}

absl::Status Set(const Flag& flag, const std::string& value) {
  if (!gflags::SetCommandLineOption(flag.name.c_str(), value.c_str()).empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("flag --", flag.name, ": '", value, "' is not valid; expected ", ExpectedValue(flag.type)));
}

// Sets the flag of argv[*index] and, where its value is the next argument, moves `*index` there.
absl::Status ParseOne(int argc, const char* const* argv, const std::vector<Flag>& flags, int* index) {
  const Argument argument = TakeApart(argv[*index]);
  if (argument.name.empty()) return UnexpectedArgument(argv[*index]);
  const Flag* flag = Find(flags, argument.name);
  if (flag == nullptr && !argument.value && argument.name.rfind("no", 0) == 0) {
    const Flag* negated = Find(flags, std::string_view(argument.name).substr(2));
    if (negated != nullptr && negated->type == "bool") return Set(*negated, "false");
  }
  if (flag == nullptr) return UnknownFlag(argument.name, flags);
  if (argument.value) return Set(*flag, *argument.value);
  if (flag->type == "bool") return Set(*flag, "true");
  // `--out --seed=1` forgot a value; who means "--seed=1" as one writes --out=--seed=1.
  if (*index + 1 == argc || std::string_view(argv[*index + 1]).substr(0, 2) == "--") {
    return absl::InvalidArgumentError(
        absl::StrCat("flag --", flag->name, " has no value; expected ", ExpectedValue(flag->type)));
  }
  return Set(*flag, argv[++*index]);
}

std::string HelpOf(const Flag& flag) {
  const std::string shown_default = flag.default_value.empty() ? "none" : flag.default_value;
  if (flag.type == "bool") {
    return absl::StrCat("  --[no]", flag.name, "  (default: ", shown_default, ")\n      ", flag.description, "\n");
  }
  const std::string kind = flag.type == "string" ? "text" : flag.type == "double" ? "number" : "whole number";
  return absl::StrCat("  --", flag.name, "=<", kind, ">  (default: ", shown_default, ")\n      ", flag.description,
                      "\n");
}

std::string Help(const ProgramFlags& program) {
  std::string text = program.usage + "\n";
  for (const FlagTopic& topic : program.topics) {
    absl::StrAppend(&text, "\n", topic.topic, ":\n");
    for (const std::string& name : topic.names) absl::StrAppend(&text, HelpOf(RegisteredFlag(name)));
  }
  return text;
}

}  // namespace

template <typename Value>
void FlagTopic::Add(const char* name, Value* value, const std::string& help) {
  gflags::FlagRegisterer(name, strdup(help.c_str()), __FILE__, value, new Value(*value));
  names.emplace_back(name);
}

template void FlagTopic::Add(const char*, bool*, const std::string&);
template void FlagTopic::Add(const char*, int64_t*, const std::string&);
template void FlagTopic::Add(const char*, uint64_t*, const std::string&);
template void FlagTopic::Add(const char*, double*, const std::string&);
template void FlagTopic::Add(const char*, std::string*, const std::string&);

absl::Status ParseFlags(int argc, const char* const* argv, const ProgramFlags& program, std::string* help) {
  help->clear();
  if (AsksForHelp(argc, argv)) {
    *help = Help(program);
    return absl::OkStatus();
  }
  const std::vector<Flag> flags = FlagsOf(program);
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--") return i + 1 == argc ? absl::OkStatus() : UnexpectedArgument(argv[i + 1]);
    SID_RETURN_IF_ERROR(ParseOne(argc, argv, flags, &i));
  }
  return absl::OkStatus();
}

std::function<absl::Status(int argc, char** argv, std::string* help)> ParserOf(const ProgramFlags& program) {
  return [&program](int argc, char** argv, std::string* help) { return ParseFlags(argc, argv, program, help); };
}

std::vector<std::string> FlagsAsSet(const ProgramFlags& program) {
  std::vector<std::string> arguments;
  for (const Flag& flag : FlagsOf(program)) arguments.push_back(absl::StrCat("--", flag.name, "=", flag.current_value));
  return arguments;
}

std::string CallersPath(const std::string& given) {
  std::string path = ExpandHome(given);
  // tools/bazel calls Bazel elsewhere where that cannot do with the folder's name.
  const char* callers_folder = std::getenv("SID_CALLERS_FOLDER");
  if (callers_folder == nullptr) callers_folder = std::getenv("BUILD_WORKING_DIRECTORY");
  if (path.empty() || callers_folder == nullptr) return path;
  return (std::filesystem::path(callers_folder) / path).lexically_normal().string();
}

void MakeCallersPath(const std::string& flag, int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    absl::string_view value = argv[i];
    if (!absl::ConsumePrefix(&value, absl::StrCat("--", flag, "="))) continue;
    argv[i] =
        strdup(absl::StrCat("--", flag, "=", CallersPath(std::string(value))).c_str());  // for the program's lifetime
  }
}

}  // namespace sid
