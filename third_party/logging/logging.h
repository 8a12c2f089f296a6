#pragma once

// The project's only way to LOG and CHECK.
//
// glog and c10 (LibTorch's core) both define LOG, CHECK and CHECK_EQ. @wheels//:torch is compiled with C10_USE_GLOG,
// which makes c10's macros glog's own whichever of the two headers comes first; targets that know no LibTorch see glog
// alone. So CHECK means the same everywhere, as long as this is the header that is included.

#include <glog/logging.h>  // IWYU pragma: export
