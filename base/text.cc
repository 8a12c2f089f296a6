#include "base/text.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/files.h"
#include "base/status.h"

namespace sid {

absl::StatusOr<std::vector<std::string>> ReadTextLines(const std::string& path) {
  SID_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  const std::string start = text.substr(0, 2);
  if (start == "\xff\xfe" || start == "\xfe\xff" || text.find('\0') != std::string::npos) {
    return absl::InvalidArgumentError(absl::StrCat(path,
                                                   " is no UTF-8 text; if it is UTF-16, as some Windows programs write "
                                                   "it, `iconv -f UTF-16 -t UTF-8` converts it"));
  }
  std::vector<std::string> lines;
  for (absl::string_view line : absl::StrSplit(text, absl::ByAnyChar("\r\n"))) {
    // Where texts were joined, there are marks in the middle.
    while (absl::ConsumePrefix(&line, "\xef\xbb\xbf")) {
    }
    line = absl::StripAsciiWhitespace(line);
    if (!line.empty()) lines.emplace_back(line);
  }
  return lines;
}

namespace {

// How many characters to insert, delete, replace, or swap with their neighbour (the optimal string alignment distance).
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> distance(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t j = 0; j <= b.size(); ++j) distance[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    distance[i][0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = distance[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      distance[i][j] = std::min({replaced, distance[i - 1][j] + 1, distance[i][j - 1] + 1});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) distance[i][j] = std::min(distance[i][j], distance[i - 2][j - 2] + 1);
    }
  }
  return distance[a.size()][b.size()];
}

}  // namespace

std::string NearestName(std::string_view name, const std::vector<std::string>& candidates) {
  std::string nearest;
  // More than half of the name wrong is no typing error.
  size_t best = std::max<size_t>(name.size() / 2, 1) + 1;
  const std::string typed = absl::AsciiStrToLower(std::string(name));
  for (const std::string& candidate : candidates) {
    // A name begun and not ended is as near as one wrong letter.
    const bool begun = !typed.empty() && absl::StartsWith(candidate, typed);
    const size_t distance =
        begun ? std::min<size_t>(1, candidate.size() - typed.size()) : EditDistance(typed, candidate);
    if (distance < best) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

absl::Status UnknownName(std::string_view kind, std::string_view name, const std::vector<std::string>& candidates) {
  const std::string nearest = NearestName(name, candidates);
  return absl::InvalidArgumentError(absl::StrCat("unknown ", std::string(kind), " '", std::string(name), "'; ",
                                                 nearest.empty() ? "" : absl::StrCat("did you mean '", nearest, "'? "),
                                                 "There are: ", absl::StrJoin(candidates, ", ")));
}

absl::StatusOr<size_t> FindName(std::string_view kind, std::string_view name, const std::vector<std::string>& names) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return UnknownName(kind, name, names);
  return found - names.begin();
}

namespace {

// The first code point of a text in UTF-8 and its bytes; 0 bytes where the text does not begin with one.
std::pair<uint32_t, size_t> FirstCodePoint(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const size_t length = byte(0) < 0x80       ? 1
                        : byte(0) >> 5 == 6  ? 2
                        : byte(0) >> 4 == 14 ? 3
                        : byte(0) >> 3 == 30 ? 4
                                             : 0;
  if (length == 0 || length > text.size()) return {0, 0};
  uint32_t point = length == 1 ? byte(0) : byte(0) & (0xff >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if (byte(i) >> 6 != 2) return {0, 0};
    point = point << 6 | (byte(i) & 0x3f);
  }
  return {point, length};
}

// Control characters and those that look like a blank or like nothing: blanks of other widths, joiners, marks of direction and of byte
// order.
bool CannotBeSeen(uint32_t point) {
  constexpr std::pair<uint32_t, uint32_t> kRanges[] = {
      {0, 0x1f},        {0x7f, 0xa0},     {0xad, 0xad},       {0x180b, 0x180e}, {0x2000, 0x200f},
      {0x2028, 0x202f}, {0x205f, 0x206f}, {0x3000, 0x3000},   {0xd800, 0xdfff}, {0xfe00, 0xfe0f},
      {0xfeff, 0xfeff}, {0xfff0, 0xffff}, {0xe0000, 0xffffff}};
  for (const auto& [first, last] : kRanges)
    if (point >= first && point <= last) return true;
  return false;
}

}  // namespace

std::string OneLine(std::string_view text) {
  std::string line;
  while (!text.empty()) {
    const auto [point, length] = FirstCodePoint(text);
    const std::string_view shown = text.substr(0, length == 0 ? 1 : length);
    if (shown.size() == 1 && (length == 0 || CannotBeSeen(point))) {
      line += absl::CHexEscape({shown.data(), 1});
    } else {
      line += CannotBeSeen(point) ? absl::StrFormat("\\u%04x", point) : std::string(shown);
    }
    text.remove_prefix(shown.size());
  }
  return line;
}

std::string FirstLine(const std::exception& error) {
  const std::string what = error.what();
  return what.substr(0, what.find('\n'));
}

}  // namespace sid
