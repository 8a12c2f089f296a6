#pragma once

// Unpacks an archive that came from the network, trusting nothing in it.

#include <string>

#include "absl/status/status.h"

namespace sid {

// Unpacks the .tar.gz, .tar or .zip at `path` into `folder`, which is created. Only files and folders inside it are
// written: an entry whose path is absolute or has a `..`, and any link or device, is an error that names it (the
// official archives hold none). On an error what was written before it stays, so give a folder that can be thrown away.
absl::Status ExtractArchive(const std::string& path, const std::string& folder);

}  // namespace sid
