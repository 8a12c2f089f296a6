#pragma once

// Bad input is an absl::Status whose message is one line: what is wrong, where, and what to do about it. It is
// returned, never thrown, up to the main function, which prints it and exits with code 2. A broken invariant of our own
// is a CHECK instead.
//
//   SID_RETURN_IF_ERROR(CheckDepth(depth));
//   SID_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path));

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define SID_RETURN_IF_ERROR(expression)                             \
  do {                                                              \
    if (absl::Status sid_status = (expression); !sid_status.ok()) { \
      return sid_status;                                            \
    }                                                               \
  } while (false)

#define SID_ASSIGN_OR_RETURN(declaration, expression) \
  SID_ASSIGN_OR_RETURN_(SID_CONCATENATE_(sid_status_or_, __LINE__), declaration, expression)

#define SID_ASSIGN_OR_RETURN_(status_or, declaration, expression) \
  auto status_or = (expression);                                  \
  if (!status_or.ok()) return std::move(status_or).status();      \
  declaration = *std::move(status_or)

#define SID_CONCATENATE_(a, b) SID_CONCATENATE_INNER_(a, b)
#define SID_CONCATENATE_INNER_(a, b) a##b
