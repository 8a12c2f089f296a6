#include "pipeline/ranks.h"

#include <gloo/context.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "base/text.h"
#include "pipeline/rendezvous.h"

namespace sid {
namespace {

constexpr char kFailure[] = "failure";

// The others see at once that they are closed.
class Group : public c10d::ProcessGroupGloo {
 public:
  using ProcessGroupGloo::ProcessGroupGloo;
  void CloseConnections() {
    for (const auto& context : contexts_) context->closeConnections();
  }
};

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

// c10d records every message, and each group's first one in a map of the process without a lock (FlightRecorder, torch 2.11): two groups that begin
// at once end the process.
void KeepNoRecord() {
  static const int once = setenv("TORCH_FR_BUFFER_SIZE", "0", /*overwrite=*/0);
  (void)once;
}

}  // namespace

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
