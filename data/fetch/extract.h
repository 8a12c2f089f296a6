#pragma once

// Unpacks an archive that came from the network, trusting nothing in it.

#include <string>

#include "absl/status/status.h"

namespace sid {

// Unpacks a .tar.gz, .tar or .zip into `folder`, which is created. Only files and folders inside it are written: a path
// that is absolute or has a `..`, and any link or device, is an error that names the entry (the official archives hold
// none). On an error what was written before it stays, so give a folder that can be thrown away.
absl::Status ExtractArchive(const std::string& archive, const std::string& folder);

}  // namespace sid
