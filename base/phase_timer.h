#pragma once

// Marks where the named phases of a training step begin and end. A learner marks its phases once, and both training
// (which does not time them) and the benchmarks (CPU clock, CUDA events) run that same code.
//
//   { const ScopedPhase phase(timer, "teachers"); ... }      phases nest

#include <cstdint>
#include <string_view>

namespace sid {

// This one measures nothing; the benchmarks derive theirs.
class PhaseTimer {
 public:
  virtual ~PhaseTimer() = default;
  // `module` tells the entries of a phase apart where each module has its own; -1 where the phase is one for all.
  virtual void Begin(std::string_view phase, int64_t module) {}
  virtual void End() {}
};

class ScopedPhase {
 public:
  ScopedPhase(PhaseTimer& timer, std::string_view phase, int64_t module = -1) : timer_(timer) {
    timer_.Begin(phase, module);
  }
  ~ScopedPhase() { timer_.End(); }
  ScopedPhase(const ScopedPhase&) = delete;
  ScopedPhase& operator=(const ScopedPhase&) = delete;

 private:
  PhaseTimer& timer_;
};

}  // namespace sid
