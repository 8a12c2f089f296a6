#pragma once

// What a person sees of a run: a line that is redrawn while an epoch goes on, a line that stays for each epoch, and at
// the end the table by depth and a chart of it. Where the output is no terminal, every line stays, the live one comes every
// ten seconds only, and there is no chart.

#include <functional>
#include <iosfwd>
#include <string>

#include "train/prepare.h"
#include "training/trainer.h"

namespace sid {

class Console {
 public:
  // `clock` in seconds; `columns` is the terminal's width, 0 for no terminal.
  Console(std::ostream& out, std::function<double()> clock, int columns);

  void Begin(const PreparedRun& run);
  void Progress(const TrainingProgress& progress);
  void Epoch(const EpochRecord& record);
  // A line that stays, whatever it says.
  void Note(const std::string& text);
  // Under a title, a row for each depth.
  void Table(const std::string& title, const DepthMetrics& metrics);
  void End(const TrainingResult& result);

 private:
  void Line(const std::string& text, bool stays);

  std::ostream& out_;
  std::function<double()> clock_;
  int columns_;
  double shown_;
  int64_t epochs_ = 0;
};

// "  depth  accuracy  divergence     loss" and a row for each depth.
std::string DepthTable(const DepthMetrics& metrics);

}  // namespace sid
