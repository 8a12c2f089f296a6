#include "base/home.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>

namespace sid {

std::string ExpandHome(const std::string& path) {
  if (path.empty() || path[0] != '~') return path;
  const std::string name = path.substr(1, path.find('/') == std::string::npos ? path.npos : path.find('/') - 1);
  const char* home = name.empty() ? std::getenv("HOME") : nullptr;
  if (home == nullptr || *home == '\0') {
    const passwd* const entry = name.empty() ? getpwuid(getuid()) : getpwnam(name.c_str());
    home = entry != nullptr ? entry->pw_dir : nullptr;
  }
  return home == nullptr || *home == '\0' ? path : home + path.substr(1 + name.size());
}

}  // namespace sid
