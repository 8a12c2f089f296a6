#pragma once

// Root may look into every folder, whatever its mode, so a test of permissions must do without that.

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace sid {

// While it lives, this thread has no more rights to files than their owners give it.
class Unprivileged {
 public:
  Unprivileged() {
    syscall(SYS_capget, &header_, before_);
    __user_cap_data_struct less[2] = {before_[0], before_[1]};
    less[0].effective &= ~(1U << CAP_DAC_OVERRIDE | 1U << CAP_DAC_READ_SEARCH);
    syscall(SYS_capset, &header_, less);
  }
  Unprivileged(const Unprivileged&) = delete;
  Unprivileged& operator=(const Unprivileged&) = delete;
  ~Unprivileged() { syscall(SYS_capset, &header_, before_); }

 private:
  __user_cap_header_struct header_ = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct before_[2] = {};
};

}  // namespace sid
