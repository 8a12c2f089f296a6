#include "base/release/release.h"

#include "base/release/commit.h"

namespace sid {

std::string Commit() { return SID_COMMIT; }

std::string VersionLine(const std::string& program) { return program + " " + kVersion + ", commit " + Commit(); }

}  // namespace sid
