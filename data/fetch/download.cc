#include "data/fetch/download.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

constexpr long kRangeNotSatisfiable = 416;

// The file that grows, as libcurl's write callback sees it.
struct Target {
  int descriptor;
  int64_t size;
  const std::function<void(int64_t)>& progress;
  int write_error = 0;
};

size_t Append(char* bytes, size_t /*one*/, size_t count, void* user) {
  auto* target = static_cast<Target*>(user);
  size_t done = 0;
  while (done < count) {
    const ssize_t written = write(target->descriptor, bytes + done, count - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      target->write_error = errno;
      return 0;
    }
    done += written;
  }
  target->size += static_cast<int64_t>(count);
  if (target->progress) target->progress(target->size);
  return count;
}

struct Outcome {
  CURLcode code;
  long http_status;  // 0 when no answer came
};

Outcome Transfer(const std::string& url, const DownloadOptions& options, Target* target) {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(), curl_easy_cleanup);
  CHECK(curl != nullptr);
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl.get(), CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl.get(), CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_MAXREDIRS, 10L);
  curl_easy_setopt(curl.get(), CURLOPT_FAILONERROR, 1L);  // the text of an error page is not the file
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_USERAGENT, "sid-fetch");
  curl_easy_setopt(curl.get(), CURLOPT_CONNECTTIMEOUT, static_cast<long>(options.connect_timeout_seconds));
  curl_easy_setopt(curl.get(), CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_LOW_SPEED_TIME, static_cast<long>(options.stall_timeout_seconds));
  curl_easy_setopt(curl.get(), CURLOPT_RESUME_FROM_LARGE, static_cast<curl_off_t>(target->size));
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, Append);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, target);
  Outcome outcome = {curl_easy_perform(curl.get()), 0};
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &outcome.http_status);
  return outcome;
}

absl::Status HttpError(const std::string& what, long status) {
  const std::string message = absl::StrCat(what, ": HTTP status ", status);
  if (status == 404 || status == 410) {
    return absl::NotFoundError(absl::StrCat(message, ", the server has no such file; try another one with --mirror"));
  }
  if (status == 401 || status == 403) {
    return absl::PermissionDeniedError(
        absl::StrCat(message, ", the server refuses; try another one with --mirror, or later"));
  }
  return absl::UnavailableError(absl::StrCat(message, "; run the same command again later, or with another --mirror"));
}

absl::Status TransferError(const std::string& what, CURLcode code, const Target& target) {
  const std::string message = absl::StrCat(what, ": ", curl_easy_strerror(code));
  switch (code) {
    case CURLE_WRITE_ERROR:
      return absl::ErrnoToStatus(target.write_error, absl::StrCat(what, ": cannot write after ", target.size,
                                                                  " bytes; free some space and run the command again"));
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
      return absl::InvalidArgumentError(absl::StrCat(message, "; a URL starts with http:// or https://"));
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
      return absl::UnavailableError(absl::StrCat(message, "; is there a network? Another server: --mirror"));
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      return absl::UnavailableError(absl::StrCat(message, "; is the package ca-certificates installed?"));
    default:
      return absl::UnavailableError(absl::StrCat(message, ", with ", target.size,
                                                 " bytes here; run the same command again: it goes on from there"));
  }
}

}  // namespace

absl::Status Download(const std::string& url, const std::string& path, const DownloadOptions& options) {
  const std::string what = absl::StrCat("cannot download ", url);
  const int descriptor = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (descriptor < 0) return absl::ErrnoToStatus(errno, absl::StrCat(what, ": cannot create ", path));
  const absl::Cleanup close_file = [descriptor] { close(descriptor); };
  Target target = {descriptor, lseek(descriptor, 0, SEEK_END), options.progress};

  Outcome outcome = Transfer(url, options, &target);
  const bool cannot_resume = outcome.code == CURLE_RANGE_ERROR || outcome.http_status == kRangeNotSatisfiable;
  if (cannot_resume && target.size > 0) {
    if (ftruncate(descriptor, 0) != 0) return absl::ErrnoToStatus(errno, absl::StrCat(what, ": cannot empty ", path));
    target.size = 0;
    outcome = Transfer(url, options, &target);
  }
  if (outcome.code == CURLE_HTTP_RETURNED_ERROR) return HttpError(what, outcome.http_status);
  if (outcome.code != CURLE_OK) return TransferError(what, outcome.code, target);
  // Before the caller renames it: a power cut then leaves no empty file under the final name.
  if (fsync(descriptor) != 0) return absl::ErrnoToStatus(errno, absl::StrCat(what, ": cannot sync ", path));
  return absl::OkStatus();
}

}  // namespace sid
