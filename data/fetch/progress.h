#pragma once

// How far a download is, for a person who waits: on a terminal one line that is drawn anew, otherwise (a log file) a
// plain line for every tenth.
//
//   cifar-10-binary.tar.gz   45 %   76.5 of 170.1 MB   3.2 MB/s   29 s left

#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>

namespace sid {

class DownloadProgress {
 public:
  // `now` gives seconds from any start; `out` must outlive this.
  DownloadProgress(std::string name, int64_t total_bytes, bool is_terminal, std::FILE* out,
                   std::function<double()> now);

  // With the size of the file so far, which the first call may find at more than 0: a resumed download.
  void Update(int64_t bytes);

  // Ends a line that is being redrawn.
  void Finish();

 private:
  std::string Line(int64_t bytes, double seconds) const;
  bool IsDue(int64_t bytes, double seconds);

  const std::string name_;
  const int64_t total_bytes_;
  const bool is_terminal_;
  std::FILE* const out_;
  const std::function<double()> now_;

  double start_seconds_ = 0;
  int64_t start_bytes_ = -1;  // until the first call
  double drawn_seconds_ = 0;
  int64_t printed_tenths_ = 0;
  bool is_line_open_ = false;
};

}  // namespace sid
