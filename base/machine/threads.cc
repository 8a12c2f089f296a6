#include "base/machine/threads.h"

#include <latch>
#include <system_error>
#include <thread>
#include <vector>

#include "base/machine/limits.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

// Up to `count`, as many as the system starts.
std::vector<std::thread> Start(int64_t count, const std::function<void()>& work) {
  std::vector<std::thread> threads;
  threads.reserve(count);
  try {
    while (static_cast<int64_t>(threads.size()) < count) threads.emplace_back(work);
  } catch (const std::system_error&) {  // EAGAIN: what is running does
  }
  return threads;
}

}  // namespace

void RunOnThreads(int64_t threads, const std::function<void()>& work) {
  if (threads <= 0) threads = UsableProcessors();
  std::vector<std::thread> others = Start(threads - 1, work);
  const auto started = static_cast<int64_t>(others.size()) + 1;
  if (started < threads)
    LOG(WARNING) << "works on " << started << " of " << threads
                 << " threads: the system starts no more (pids.max, ulimit -u)";
  work();
  for (std::thread& other : others) other.join();
}

int64_t StartableThreads(int64_t count) {
  std::latch counted(1);
  std::vector<std::thread> threads = Start(count, [&counted] { counted.wait(); });
  counted.count_down();
  for (std::thread& thread : threads) thread.join();
  return static_cast<int64_t>(threads.size());
}

}  // namespace sid
