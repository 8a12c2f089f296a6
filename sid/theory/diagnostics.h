#pragma once

// The failures that the paper describes, recognised while training from the probe's records, and said once each in plain
// words, with the numbers and a hint. What was said depends on the records alone: a run that goes on looks at the kept ones again.
//
//   record, record, ... --Look--> "plateau: ..."  "stale teachers: ..."  "conflict: ..."  "dead module: ..."  "saturated ..."
//
//   plateau           D(y, p_L) no longer falls, and a good part of what is left is the least that these alphas allow
//                     (AttainableDivergence): alpha is at fault
//   stale teachers    one step moves the teachers by more than what it should correct, and D(y, p_L) has risen for it
//   conflict          the modules' gradients by z cancel more than unrelated ones would, for several records on end, although
//                     there is much left to learn; not where the extractor is not trained
//   dead module       no sample activates any of a module's hidden units: its belief is the same for every image
//   saturated module  a module is certain, and wrong so often that knowing nothing would be better
//
// Thresholds are in diagnostics.cc, with the reason for each.

#include <cstdint>
#include <deque>
#include <set>
#include <string>
#include <vector>

#include "sid/theory/probe.h"

namespace sid {

enum class Failure { kPlateau, kStaleTeachers, kConflict, kDeadModule, kSaturatedModule };

struct Diagnosis {
  Failure failure;
  std::string text;  // one line
};

class Diagnostics {
 public:
  // `options` as the probe's; C `classes`.
  Diagnostics(const ProbeOptions& options, int64_t classes);

  // What this record, after those before it, shows for the first time; mostly nothing.
  std::vector<Diagnosis> Look(const ProbeRecord& record);

 private:
  std::string Plateau() const;
  std::string StaleTeachers() const;
  std::string Conflicting() const;
  std::string DeadModule() const;
  std::string SaturatedModule() const;

  bool local_losses_;
  ExtractorGradient extractor_gradient_;
  int64_t classes_;
  double first_alpha_, last_alpha_;
  double attainable_;               // the last module's, nats
  double lowest_;                   // the least mean D(y, p_L) before the last record
  std::deque<ProbeRecord> window_;  // the last few, the newest at the back
  std::set<Failure> told_;
};

}  // namespace sid
