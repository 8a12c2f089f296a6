#pragma once

#include <string>

namespace sid {

// `~` and `~/...` from the caller's home folder on, `~name/...` from that user's. As in a shell, which does this only where a word begins
// with it, a name that nobody has stays.
std::string ExpandHome(const std::string& path);

}  // namespace sid
