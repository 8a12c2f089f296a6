#include "base/text.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
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

}  // namespace sid
