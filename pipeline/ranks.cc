#include "pipeline/ranks.h"

#include <arpa/inet.h>
#include <gloo/context.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <future>
#include <nlohmann/json.hpp>
#include <thread>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "base/text.h"

namespace sid {
namespace {

constexpr char kFailure[] = "failure", kVerdict[] = "verdict", kSame[] = "same";
constexpr std::chrono::seconds kPatience{5};

// The others see at once that they are closed.
class Group : public c10d::ProcessGroupGloo {
 public:
  using ProcessGroupGloo::ProcessGroupGloo;
  void CloseConnections() {
    for (const auto& context : contexts_) context->closeConnections();
  }
};

using Settings = std::vector<std::pair<std::string, std::string>>;

absl::StatusOr<int> Number(const std::function<const char*(const char*)>& get, const char* name, int least, int most) {
  const char* const text = get(name);
  int value = 0;
  if (text == nullptr)
    return absl::InvalidArgumentError(absl::StrCat(
        "WORLD_SIZE is set, but ", name, " is not: start the ranks by tools/launch or torchrun, which set both"));
  if (absl::SimpleAtoi(text, &value) && value >= least && value <= most) return value;
  return absl::InvalidArgumentError(absl::StrCat(name, "=", OneLine(text), " is no number from ", least, " to ", most));
}

// The address by which this machine is seen from there: of the network that leads to `host`. "" where none does.
std::string AddressTowards(const std::string& host) {
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_DGRAM;
  if (getaddrinfo(host.c_str(), "9", &hints, &found) != 0) return "";
  std::string address;
  for (const addrinfo* one = found; one != nullptr && address.empty(); one = one->ai_next) {
    const int socket_number = socket(one->ai_family, SOCK_DGRAM, 0);
    sockaddr_storage own{};
    socklen_t size = sizeof own;
    char text[NI_MAXHOST];
    // No packet goes out: the kernel only looks up the way.
    if (socket_number >= 0 && connect(socket_number, one->ai_addr, one->ai_addrlen) == 0 &&
        getsockname(socket_number, reinterpret_cast<sockaddr*>(&own), &size) == 0 &&
        getnameinfo(reinterpret_cast<sockaddr*>(&own), size, text, sizeof text, nullptr, 0, NI_NUMERICHOST) == 0)
      address = text;
    if (socket_number >= 0) close(socket_number);
  }
  freeaddrinfo(found);
  return address;
}

std::shared_ptr<gloo::transport::Device> MakeDevice(const RankOptions& options) {
  if (const char* const name = std::getenv("GLOO_SOCKET_IFNAME"); name != nullptr)
    return c10d::ProcessGroupGloo::createDeviceForInterface(name, /*lazyInit=*/false);
  const std::string address = AddressTowards(options.address);
  if (address.empty()) return c10d::ProcessGroupGloo::createDefaultDevice(/*lazyInit=*/false);
  return c10d::ProcessGroupGloo::createDeviceForHostname(address, /*lazyInit=*/false);
}

using StorePointer = c10::intrusive_ptr<c10d::Store>;

// Without end where something listens that is no store and does not answer: then who waits for it gives up, and leaves its thread behind.
std::future<StorePointer> ConnectToStore(const std::string& address, const c10d::TCPStoreOptions& options) {
  std::packaged_task<StorePointer()> connect(
      [=]() -> StorePointer { return c10::make_intrusive<c10d::TCPStore>(address, options); });
  std::future<StorePointer> store = connect.get_future();
  std::thread(std::move(connect)).detach();
  return store;
}

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

std::string KeyOf(const char* what, int rank) { return absl::StrCat(what, "/", rank); }

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

// Rank 0 compares, and all say what it has found. It stays until those that have come have heard it, but not long.
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

// c10d records every message, and each group's first one in a map of the process without a lock (FlightRecorder, torch 2.11): two groups that begin
// at once end the process.
void KeepNoRecord() {
  static const int once = setenv("TORCH_FR_BUFFER_SIZE", "0", /*overwrite=*/0);
  (void)once;
}

}  // namespace

int FreePort() {
  const int socket_number = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t size = sizeof address;
  auto* const general = reinterpret_cast<sockaddr*>(&address);
  const bool free = bind(socket_number, general, size) == 0 && getsockname(socket_number, general, &size) == 0;
  close(socket_number);
  return free ? ntohs(address.sin_port) : 0;
}

absl::StatusOr<RankOptions> RanksFromEnvironment(const std::function<const char*(const char*)>& get) {
  RankOptions options;
  if (get("WORLD_SIZE") == nullptr) return options;
  SID_ASSIGN_OR_RETURN(options.size, Number(get, "WORLD_SIZE", 1, 100'000));
  if (options.size == 1) return options;
  SID_ASSIGN_OR_RETURN(options.rank, Number(get, "RANK", 0, options.size - 1));
  if (get("LOCAL_RANK") != nullptr) {
    SID_ASSIGN_OR_RETURN(options.local_rank, Number(get, "LOCAL_RANK", 0, options.size - 1));
  }
  SID_ASSIGN_OR_RETURN(options.port, Number(get, "MASTER_PORT", 1, 65535));
  const char* const address = get("MASTER_ADDR");
  if (address == nullptr)
    return absl::InvalidArgumentError("WORLD_SIZE is set, but MASTER_ADDR, rank 0's machine, is not");
  options.address = address;
  const char *const agent = get("TORCHELASTIC_USE_AGENT_STORE"), *const attempt = get("TORCHELASTIC_RESTART_COUNT");
  if (agent != nullptr && std::string(agent) == "True")
    options.torchrun_store = absl::StrCat("sid/attempt_", attempt == nullptr ? "0" : attempt);
  return options;
}

RankLost::RankLost(int rank, const std::string& why)
    : std::runtime_error(absl::StrCat("rank ", rank, " is gone: ", why)) {}

Ranks::Ranks(const RankOptions& options, c10::intrusive_ptr<c10d::Store> store)
    : options_(options), store_(std::move(store)) {}

// A group waits for sums that are under way, and who has to add to them may wait for this rank. Their threads end with the process.
Ranks::~Ranks() {
  for (const Lane& lane : lanes_) failed_ ? lane->abort() : lane->shutdown();
  if (!failed_ || group_ == nullptr) return;
  static_cast<Group&>(*group_).CloseConnections();
  static auto* const left_behind =
      new std::vector<c10::intrusive_ptr<c10d::ProcessGroupGloo>>;  // NOLINT(bugprone-unhandled-exception-at-new)
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  left_behind->push_back(std::move(group_));
}

absl::StatusOr<std::unique_ptr<Ranks>> Ranks::Join(const RankOptions& options, const Settings& settings) {
  Settings own = {{"WORLD_SIZE", absl::StrCat(options.size)}};
  own.insert(own.end(), settings.begin(), settings.end());
  // A connection whose other end is gone is an error where one writes to it, not the end of this process.
  std::signal(SIGPIPE, SIG_IGN);
  KeepNoRecord();
  SID_ASSIGN_OR_RETURN(auto store, OpenStore(options));
  std::unique_ptr<Ranks> ranks(new Ranks(options, store));
  try {
    SID_RETURN_IF_ERROR(Agree(*store, options, own));
    // Of the connections: what is sent over them has times of its own.
    auto gloo = c10d::ProcessGroupGloo::Options::create(options.join);
    gloo->devices.push_back(MakeDevice(options));
    ranks->group_ = c10::make_intrusive<Group>(store, options.rank, options.size, gloo);
    ranks->sums_ = ranks->OpenLane("sums", options.rank, options.size);
  } catch (const std::exception& error) {
    return absl::UnavailableError(ranks->TellFailure(
        absl::StrCat("rank ", options.rank, " cannot connect to the other ranks: ", FirstLine(error))));
  }
  return ranks;
}

Lane Ranks::OpenLane(const std::string& name, int rank, int size) {
  if (!options_.make_lane) return nullptr;
  Lane lane = options_.make_lane(c10::make_intrusive<c10d::PrefixStore>("lane/" + name, store_), rank, size);
  const std::lock_guard lock(signal_->mutex);
  lanes_.push_back(lane);
  return lane;
}

bool Ranks::GoesBy(const Lane& lane, const at::Tensor& tensor) const {
  return lane != nullptr && tensor.device() == device();
}

// What waits on a device for a rank that is gone would wait for ever, and the host for the device.
RankLost Ranks::NoteLost(int rank, const std::string& why) {
  std::vector<Lane> lanes;
  {
    const std::lock_guard lock(signal_->mutex);
    if (!lost_) {
      lost_.emplace(rank, why);
      lanes = lanes_;
    }
    signal_->changed.notify_all();
  }
  for (const Lane& lane : lanes) lane->abort();
  return *Lost();
}

std::optional<RankLost> Ranks::Lost() const {
  const std::lock_guard lock(signal_->mutex);
  return lost_;
}

RankLost Ranks::FindLost(const std::string& why) {
  int silent = rank() == 0 ? 1 : 0;
  try {
    store_->set(KeyOf("asks", rank()), "yes");
    {
      std::unique_lock lock(signal_->mutex);
      if (signal_->changed.wait_for(lock, kPatience, [this] { return lost_.has_value(); })) return *lost_;
    }
    for (int other = size() - 1; other > 0; --other) {
      if (other != rank() && !store_->check({KeyOf("asks", other)})) silent = other;
    }
  } catch (const std::exception&) {  // the store is gone, with rank 0
  }
  return NoteLost(silent, why);
}

void Ranks::Await(const std::function<bool()>& done) {
  {
    std::unique_lock lock(signal_->mutex);
    const bool ended = signal_->changed.wait_for(lock, timeout(), [&] { return done() || lost_.has_value(); });
    if (ended && !done()) throw RankLost(*lost_);
    if (ended) return;
  }
  throw FindLost(absl::StrCat("nothing has come from it for ", timeout().count(), " s"));
}

std::string Ranks::TellFailure(const std::string& why) {
  failed_ = true;
  try {
    const std::string first = store_->compareSet(kFailure, "", why);
    return first.empty() ? why : first;
  } catch (const std::exception&) {  // the store is gone, with rank 0
    return why;
  }
}

std::string Ranks::Failure() {
  try {
    return store_->check({kFailure}) ? store_->get_to_str(kFailure) : "";
  } catch (const std::exception& error) {
    return RankLost(0, FirstLine(error)).what();
  }
}

}  // namespace sid
