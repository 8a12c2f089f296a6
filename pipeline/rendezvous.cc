#include "pipeline/rendezvous.h"

#include <algorithm>
#include <future>
#include <nlohmann/json.hpp>
#include <thread>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "base/text.h"

namespace sid {
namespace {

constexpr char kVerdict[] = "verdict", kSame[] = "same";

using StorePointer = c10::intrusive_ptr<c10d::Store>;

// Without end where something listens that is no store and does not answer: then who waits for it gives up, and leaves its thread behind.
std::future<StorePointer> ConnectToStore(const std::string& address, const c10d::TCPStoreOptions& options) {
  std::packaged_task<StorePointer()> connect(
      [=]() -> StorePointer { return c10::make_intrusive<c10d::TCPStore>(address, options); });
  std::future<StorePointer> store = connect.get_future();
  std::thread(std::move(connect)).detach();
  return store;
}

// The value of a key that another rank sets.
absl::StatusOr<std::string> ValueFrom(c10d::Store& store, int rank, const std::string& key,
                                      const RankOptions& options) {
  std::string why;
  try {
    return store.get_to_str(key);
  } catch (const std::exception& error) {
    why = FirstLine(error);
  }
  if (!absl::StrContains(why, "timeout"))
    return absl::UnavailableError(
        absl::StrCat("rank ", options.rank, " has lost rank 0 before the training began: ", why));
  return absl::DeadlineExceededError(
      absl::StrCat("rank ", options.rank, " has waited ", options.join.count(), " s for rank ", rank,
                   ", which has not come: were WORLD_SIZE=", options.size, " ranks started?"));
}

// That another rank runs the same as rank 0.
absl::Status Compare(const Settings& own, const Settings& other, int rank) {
  for (size_t k = 0; k < std::max(own.size(), other.size()); ++k) {
    const auto none = std::make_pair(std::string("an option"), std::string("not there"));
    const auto &a = k < own.size() ? own[k] : none, &b = k < other.size() ? other[k] : none;
    if (a == b) continue;
    return absl::FailedPreconditionError(absl::StrCat("the ranks run different things: rank 0 has ", a.first, "=",
                                                      OneLine(a.second), ", rank ", rank, " has ", b.first, "=",
                                                      OneLine(b.second)));
  }
  return absl::OkStatus();
}

absl::Status CompareAll(c10d::Store& store, const RankOptions& options, const Settings& own) {
  for (int rank = 1; rank < options.size; ++rank) {
    SID_ASSIGN_OR_RETURN(const std::string theirs, ValueFrom(store, rank, KeyOf("settings", rank), options));
    SID_RETURN_IF_ERROR(Compare(own, nlohmann::json::parse(theirs).get<Settings>(), rank));
  }
  return absl::OkStatus();
}

}  // namespace

std::string KeyOf(const char* what, int rank) { return absl::StrCat(what, "/", rank); }

absl::StatusOr<StorePointer> OpenStore(const RankOptions& options) {
  c10d::TCPStoreOptions store{.port = static_cast<uint16_t>(options.port)};
  store.isServer = options.rank == 0 && options.torchrun_store.empty();
  store.waitWorkers = false;
  store.timeout = options.join;
  const std::string where = absl::StrCat("MASTER_ADDR:MASTER_PORT = ", options.address, ":", options.port);
  try {
    std::future<StorePointer> opened = ConnectToStore(options.address, store);
    if (opened.wait_for(options.join + kPatience) != std::future_status::ready)
      return absl::DeadlineExceededError(absl::StrCat("rank ", options.rank, " gets no answer from rank 0 at ", where,
                                                      ": does another program listen there?"));
    if (options.torchrun_store.empty()) return opened.get();
    return StorePointer(c10::make_intrusive<c10d::PrefixStore>(options.torchrun_store, opened.get()));
  } catch (const std::exception& error) {
    if (!store.isServer) {
      return absl::UnavailableError(
          absl::StrCat("rank ", options.rank, " cannot reach rank 0 at ", where, ": ", FirstLine(error)));
    }
    const bool in_use = absl::StrContains(error.what(), "EADDRINUSE");
    return absl::UnavailableError(
        absl::StrCat("rank 0 cannot listen on MASTER_PORT=", options.port, ": ",
                     in_use ? "the port is in use: is another run going on? Choose another one" : FirstLine(error)));
  }
}

absl::Status Agree(c10d::Store& store, const RankOptions& options, const Settings& own) {
  if (options.rank > 0) {
    store.set(KeyOf("settings", options.rank), nlohmann::json(own).dump());
    SID_ASSIGN_OR_RETURN(const std::string verdict, ValueFrom(store, 0, kVerdict, options));
    store.set(KeyOf("heard", options.rank), "yes");
    return verdict == kSame ? absl::OkStatus() : absl::FailedPreconditionError(verdict);
  }
  absl::Status same = CompareAll(store, options, own);
  store.set(kVerdict, same.ok() ? kSame : std::string(same.message()));
  for (int rank = 1; !same.ok() && rank < options.size; ++rank) {
    if (!store.check({KeyOf("settings", rank)})) continue;
    try {
      store.wait({KeyOf("heard", rank)}, kPatience);
    } catch (const std::exception&) {  // it is gone itself
    }
  }
  return same;
}

}  // namespace sid
