#include "pipeline/rank_options.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "base/text.h"

namespace sid {
namespace {

absl::StatusOr<int> Number(const std::function<const char*(const char*)>& get, const char* name, int least, int most) {
  const char* const text = get(name);
  int value = 0;
  if (text == nullptr)
    return absl::InvalidArgumentError(absl::StrCat(
        "WORLD_SIZE is set, but ", name, " is not: start the ranks by tools/launch or torchrun, which set both"));
  if (absl::SimpleAtoi(text, &value) && value >= least && value <= most) return value;
  return absl::InvalidArgumentError(absl::StrCat(name, "=", OneLine(text), " is no number from ", least, " to ", most));
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

}  // namespace sid
