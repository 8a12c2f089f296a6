#pragma once

// One file over HTTP, so that a broken transfer is not lost:
//
//   first call:   GET url                      --> path grows ... the connection breaks: an error, path stays
//   next call:    GET url, Range: bytes=SIZE-  --> path grows to the end
//
// A server that cannot resume answers with the whole file; then path starts anew.

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"

namespace sid {

struct DownloadOptions {
  int64_t connect_timeout_seconds = 30;
  int64_t stall_timeout_seconds = 60;  // this long without a byte ends the transfer
  std::function<void(int64_t bytes_here)>
      progress;  // with the size of the file so far, when it has grown; may be empty
};

// Downloads `url` (http or https; redirects are followed) to `path`, going on where `path` ends. On an error `path`
// keeps what has arrived, and the message, one line, says URL, what happened, and what to do. That the bytes are the
// right ones is the caller's to check: a file that changed on the server between two calls becomes a mixture.
absl::Status Download(const std::string& url, const std::string& path, const DownloadOptions& options = {});

}  // namespace sid
