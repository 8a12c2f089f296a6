#pragma once

// Text from people and for them: files as their editors leave them, names that they type, messages that stay one line.

#include <cstddef>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace sid {

// The lines of a UTF-8 text, ended by \n, \r\n or \r, without byte order marks, blanks around them and empty lines. ReadFile's errors;
// InvalidArgument for UTF-16 and what is no text.
absl::StatusOr<std::vector<std::string>> ReadTextLines(const std::string& path);

// Names that a user types (a learner, a data set, a flag) and the error for one that does not exist.

// The candidate with the smallest edit distance to `name`, or that it is the beginning of, in whatever case; "" when none
// is near enough to be a likely typing error.
std::string NearestName(std::string_view name, const std::vector<std::string>& candidates);

// "unknown learner 'bpchain'; did you mean 'bp-chain'? There are: sid, bp-chain, ..."; `kind` is "learner".
absl::Status UnknownName(std::string_view kind, std::string_view name, const std::vector<std::string>& candidates);

// Which of `names` it is, counted from 0, or UnknownName: how an enumeration whose values stand in the order of their names
// is read.
absl::StatusOr<size_t> FindName(std::string_view kind, std::string_view name, const std::vector<std::string>& names);

// A message that quotes somebody else's bytes (a file's name, a label out of a file) stays one line, and moves no terminal's cursor.

// With control characters as \n, \r, \t or \x1b, bytes that are no UTF-8 as \xff, and what nobody could see, as a byte order mark, as \ufeff.
std::string OneLine(std::string_view text);

// The first line of what it says: the rest of a LibTorch exception is its stack.
std::string FirstLine(const std::exception& error);

}  // namespace sid
