#include "base/system_calls.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>

namespace sid {
namespace {

std::atomic<SystemCalls*> replaced = nullptr;

}  // namespace

int SystemCalls::Open(const char* path, int flags, mode_t mode) { return open(path, flags, mode); }
ssize_t SystemCalls::Read(int descriptor, void* bytes, size_t count) { return read(descriptor, bytes, count); }
ssize_t SystemCalls::Write(int descriptor, const void* bytes, size_t count) { return write(descriptor, bytes, count); }
int SystemCalls::Sync(int descriptor) { return fsync(descriptor); }
int SystemCalls::Truncate(const char* path, off_t length) { return truncate(path, length); }
int SystemCalls::Close(int descriptor) { return close(descriptor); }
int SystemCalls::Lock(int descriptor) { return flock(descriptor, LOCK_EX | LOCK_NB); }
int SystemCalls::Rename(const char* from, const char* to) { return rename(from, to); }

SystemCalls& System() {
  static SystemCalls* const kKernel = new SystemCalls();
  SystemCalls* const calls = replaced;
  return calls == nullptr ? *kKernel : *calls;
}

SystemCalls* ReplaceSystemCalls(SystemCalls* calls) { return replaced.exchange(calls); }

}  // namespace sid
