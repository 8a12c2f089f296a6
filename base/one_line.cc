#include "base/one_line.h"

#include "absl/strings/escaping.h"

namespace sid {

std::string OneLine(std::string_view text) {
  std::string line;
  for (const char& character : text) {
    const auto byte = static_cast<unsigned char>(character);
    const bool control = byte < 0x20 || byte == 0x7f;
    line += control ? absl::CHexEscape(absl::string_view(&character, 1)) : std::string(1, character);
  }
  return line;
}

}  // namespace sid
