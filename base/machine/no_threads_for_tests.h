#pragma once

#include <pthread.h>

#include <cstddef>

namespace sid {

// From here on no thread can be started, as under a limit of processes, which root has none of: there is no room for the stacks that they
// want. The error is the same, EAGAIN. For a test's child.
inline void LetNoThreadStart() {
  constexpr size_t kMoreThanThereIs = size_t{1} << 46;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kMoreThanThereIs);
  pthread_setattr_default_np(&attributes);
  pthread_attr_destroy(&attributes);
}

}  // namespace sid
