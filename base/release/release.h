#pragma once

// Which program this is.

#include <string>

namespace sid {

// The release this is, or becomes.
inline constexpr char kVersion[] = "0.1.0";

// The git commit this was built from, "-modified" behind it when the tree had changes; "unknown" outside git.
std::string Commit();

// "train 0.1.0, commit 4bc3ac91e5e4": what a program shows for --version.
std::string VersionLine(const std::string& program);

}  // namespace sid
