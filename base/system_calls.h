#pragma once

// The system calls below base/files, behind one seam: tests put calls in their place that fail, are interrupted or come up
// short where they choose (base/faulty_system_calls.h). Each is the function of the same name, errno included.

#include <sys/types.h>

#include <cstddef>

namespace sid {

class SystemCalls {
 public:
  virtual ~SystemCalls() = default;
  virtual int Open(const char* path, int flags, mode_t mode);
  virtual ssize_t Read(int descriptor, void* bytes, size_t count);
  virtual ssize_t Write(int descriptor, const void* bytes, size_t count);
  virtual int Sync(int descriptor);
  virtual int Truncate(const char* path, off_t length);
  virtual int Close(int descriptor);
  virtual int Lock(int descriptor);  // flock, exclusive, without waiting
  virtual int Rename(const char* from, const char* to);
};

// Those in effect: the kernel's, unless a test has replaced them.
SystemCalls& System();

// For tests: replaces them, on all threads, and returns what was in effect; null for the kernel's.
SystemCalls* ReplaceSystemCalls(SystemCalls* calls);

}  // namespace sid
