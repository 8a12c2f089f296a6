#include "base/faulty_system_calls.h"

#include <algorithm>
#include <cerrno>
#include <csignal>

namespace sid {

FaultySystemCalls::FaultySystemCalls(Fault fault) : fault_(fault), before_(ReplaceSystemCalls(this)) {}
FaultySystemCalls::~FaultySystemCalls() { ReplaceSystemCalls(before_); }

bool FaultySystemCalls::Fails(Fault::Calls kind) {
  if (fault_.calls != Fault::Calls::kAll && fault_.calls != kind) return false;
  const int64_t place = count_++;
  if (place < fault_.place || (place > fault_.place && !fault_.stays)) return false;
  if (fault_.error == 0 && !fault_.is_short) raise(SIGKILL);
  errno = fault_.error;
  return true;
}

int FaultySystemCalls::Open(const char* path, int flags, mode_t mode) {
  return Fails(Fault::Calls::kAll) ? -1 : SystemCalls::Open(path, flags, mode);
}

ssize_t FaultySystemCalls::Read(int descriptor, void* bytes, size_t count) {
  if (!Fails(Fault::Calls::kReads)) return SystemCalls::Read(descriptor, bytes, count);
  return fault_.is_short ? SystemCalls::Read(descriptor, bytes, std::max<size_t>(count / 2, 1)) : -1;
}

ssize_t FaultySystemCalls::Write(int descriptor, const void* bytes, size_t count) {
  if (!Fails(Fault::Calls::kWrites)) return SystemCalls::Write(descriptor, bytes, count);
  // A full disk takes a part first, which must not count as a file; an interrupted call has taken nothing.
  const ssize_t part = count > 1 && fault_.error != EINTR ? SystemCalls::Write(descriptor, bytes, count / 2) : 0;
  if (fault_.is_short) return part > 0 ? part : SystemCalls::Write(descriptor, bytes, count);
  errno = fault_.error;
  return -1;
}

int FaultySystemCalls::Sync(int descriptor) { return Fails(Fault::Calls::kAll) ? -1 : SystemCalls::Sync(descriptor); }

int FaultySystemCalls::Truncate(const char* path, off_t length) {
  return Fails(Fault::Calls::kAll) ? -1 : SystemCalls::Truncate(path, length);
}

int FaultySystemCalls::Close(int descriptor) {
  const bool fails = Fails(Fault::Calls::kAll);
  const int error = errno, result = SystemCalls::Close(descriptor);  // Linux frees the descriptor whatever it answers
  if (fails) errno = error;
  return fails ? -1 : result;
}

int FaultySystemCalls::Lock(int descriptor) { return Fails(Fault::Calls::kLocks) ? -1 : SystemCalls::Lock(descriptor); }

int FaultySystemCalls::Rename(const char* from, const char* to) {
  return Fails(Fault::Calls::kRenames) ? -1 : SystemCalls::Rename(from, to);
}

}  // namespace sid
