#pragma once

// How ranks meet: by a store at rank 0's address, through which all compare what they run before they connect to each other (pipeline/ranks.h).
//
//   OpenStore --> settings of ranks 1 .. n - 1 --> rank 0 compares --> its verdict, which all heed

#include <c10/util/intrusive_ptr.h>

#include <chrono>
#include <string>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pipeline/rank_options.h"

namespace sid {

// How long a rank waits for what others do at once, if they are there at all.
inline constexpr std::chrono::seconds kPatience{5};

// Of what one rank says.
std::string KeyOf(const char* what, int rank);

// Rank 0 starts the store, where torchrun has not; the others find it. For no longer than options.join: DeadlineExceeded where none answers,
// Unavailable where it cannot be started or reached.
absl::StatusOr<c10::intrusive_ptr<c10d::Store>> OpenStore(const RankOptions& options);

// That all ranks have the same settings: FailedPrecondition on all of them names the first that differs. Rank 0 compares, and stays until those that
// have come have heard it, but not long.
absl::Status Agree(c10d::Store& store, const RankOptions& options, const Settings& own);

}  // namespace sid
