#include "data/fetch/progress.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"

namespace sid {
namespace {

constexpr double kRedrawSeconds = 0.2;  // often enough to look alive
constexpr double kBytesPerMegabyte = 1e6;

}  // namespace

DownloadProgress::DownloadProgress(std::string name, int64_t total_bytes, bool is_terminal, std::FILE* out,
                                   std::function<double()> now)
    : name_(std::move(name)),
      total_bytes_(std::max<int64_t>(total_bytes, 1)),
      is_terminal_(is_terminal),
      out_(out),
      now_(std::move(now)) {}

void DownloadProgress::Update(int64_t bytes) {
  const double seconds = now_();
  // A file that starts anew is smaller than before: its speed is measured anew, too.
  if (start_bytes_ < 0 || bytes < start_bytes_) {
    start_bytes_ = bytes;
    start_seconds_ = seconds;
    printed_tenths_ = bytes * 10 / total_bytes_;
  }
  if (!IsDue(bytes, seconds)) return;
  std::fprintf(out_, is_terminal_ ? "\r%s\x1b[K" : "%s\n", Line(bytes, seconds - start_seconds_).c_str());
  std::fflush(out_);
  is_line_open_ = is_terminal_;
}

void DownloadProgress::Finish() {
  if (is_line_open_) std::fputc('\n', out_);
  is_line_open_ = false;
}

bool DownloadProgress::IsDue(int64_t bytes, double seconds) {
  if (is_terminal_) {
    if (is_line_open_ && bytes < total_bytes_ && seconds - drawn_seconds_ < kRedrawSeconds) return false;
    drawn_seconds_ = seconds;
    return true;
  }
  const int64_t tenths = bytes * 10 / total_bytes_;
  return tenths > std::exchange(printed_tenths_, std::max(tenths, printed_tenths_));
}

std::string DownloadProgress::Line(int64_t bytes, double seconds) const {
  const double share = static_cast<double>(bytes) / static_cast<double>(total_bytes_);
  std::string line = absl::StrFormat("%s  %3.0f %%  %5.1f of %.1f MB", name_, 100 * share,
                                     static_cast<double>(bytes) / kBytesPerMegabyte,
                                     static_cast<double>(total_bytes_) / kBytesPerMegabyte);
  const double arrived = static_cast<double>(bytes - start_bytes_);
  if (seconds <= 0 || arrived <= 0) return line;
  const double speed = arrived / seconds;
  absl::StrAppendFormat(&line, "  %.1f MB/s  %.0f s left", speed / kBytesPerMegabyte,
                        std::max(0.0, static_cast<double>(total_bytes_ - bytes) / speed));
  return line;
}

}  // namespace sid
