#include "base/one_line.h"

#include <cstdint>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"

namespace sid {
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

}  // namespace sid
