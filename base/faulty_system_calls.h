#pragma once

// Faults of a disk, where a test chooses: while one of these lives, the calls below base/files count, and one of them goes
// wrong. So a test can fail each call of an operation in turn:
//
//   for (int64_t bad = 0;; ++bad) {
//     FaultySystemCalls calls(Fault{.place = bad, .error = ENOSPC});
//     const absl::Status status = Save(...);
//     if (!calls.happened()) break;  // the operation makes fewer calls than that
//     ...
//   }

#include <cstdint>

#include "base/system_calls.h"

namespace sid {

struct Fault {
  enum class Calls { kAll, kWrites, kReads, kRenames, kLocks };
  Calls calls = Calls::kAll;  // which ones count
  int64_t place = 0;          // the first of them that goes wrong, from 0
  // Its errno; 0 ends the process there, as SIGKILL does.
  int error = 0;
  bool stays = false;  // so do all that follow, as on a full disk; otherwise this one alone
  // Reads and writes: this call does half of what it should and succeeds; `error` counts for nothing.
  bool is_short = false;
};

class FaultySystemCalls : public SystemCalls {
 public:
  explicit FaultySystemCalls(Fault fault);
  ~FaultySystemCalls() override;

  bool happened() const { return count_ > fault_.place; }

  int Open(const char* path, int flags, mode_t mode) override;
  ssize_t Read(int descriptor, void* bytes, size_t count) override;
  ssize_t Write(int descriptor, const void* bytes, size_t count) override;
  int Sync(int descriptor) override;
  int Truncate(const char* path, off_t length) override;
  int Close(int descriptor) override;
  int Lock(int descriptor) override;
  int Rename(const char* from, const char* to) override;

 private:
  // Counts a call of this kind; whether it is to go wrong, with errno set.
  bool Fails(Fault::Calls kind);

  Fault fault_;
  SystemCalls* before_;
  int64_t count_ = 0;
};

}  // namespace sid
