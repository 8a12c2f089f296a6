#include "train/output/console.h"

#include <algorithm>
#include <cmath>
#include <ostream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/command_line/program.h"
#include "train/output/depth_chart.h"

namespace sid {
namespace {

constexpr double kPlainInterval = 10;  // seconds between live lines in a log file
constexpr int kShortestBar = 4, kLongestBar = 20;

std::string Duration(double seconds) {
  const auto whole = static_cast<int64_t>(std::lround(seconds));
  if (whole >= 3600) return absl::StrFormat("%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60);
  return absl::StrFormat("%d:%02d", whole / 60, whole % 60);
}

std::string Percent(double fraction) { return absl::StrFormat("%.2f %%", 100 * fraction); }

}  // namespace

Console::Console(std::ostream& out, std::function<double()> clock, int columns)
    : out_(out), clock_(std::move(clock)), columns_(columns), shown_(clock_()) {}

void Console::Begin(const PreparedRun& run) {
  const Dataset& data = run.dataset;
  const at::Tensor& images = data.train.images;
  int64_t weights = 0;
  for (const NamedTensor& weight : Learning(run.learner->State())) weights += weight.tensor.numel();
  epochs_ = run.options.epochs;
  Line(absl::StrFormat("%s on %s: %d images to train, %d to choose by, %d to test, %dx%dx%d, %d classes",
                       run.config.learner, data.name, data.train.size(), data.validation.size(), data.test.size(),
                       images.size(1), images.size(2), images.size(3), data.classes()),
       /*stays=*/true);
  const int64_t workers = run.config.pipeline;
  const std::string each = workers == 1 ? "" : absl::StrFormat(" in each of %d workers", workers);
  Line(absl::StrFormat("depth %d, %d weights, %s, %d threads%s, seed %d", run.config.depth, weights, run.config.device,
                       run.config.threads, each, run.config.seed),
       /*stays=*/true);
}

void Console::Progress(const TrainingProgress& progress) {
  if (columns_ == 0 && (clock_() - shown_ < kPlainInterval || progress.step == progress.steps)) return;
  shown_ = clock_();
  const std::string best = progress.best_epoch > 0 ? absl::StrCat(", best ", progress.best_epoch) : "";
  const std::string before = absl::StrFormat("epoch %d/%d%s ", progress.epoch, progress.epochs, best);
  const std::string after =
      absl::StrFormat(" %d/%d loss %.4f, %.1f %%, %.0f images/s, %s left", progress.step, progress.steps, progress.loss,
                      100 * progress.accuracy, progress.images_per_second, Duration(progress.seconds_left));
  // The bar takes what the text leaves of the terminal: the time left stays in sight at 80 columns.
  const int room = columns_ - 1 - static_cast<int>(before.size() + after.size()) - 2;
  const int width = columns_ == 0 ? kLongestBar : std::clamp(room, kShortestBar, kLongestBar);
  const double done = static_cast<double>(progress.step) / static_cast<double>(progress.steps);
  Line(absl::StrCat(before, ProgressBar(done, width), after), /*stays=*/false);
}

void Console::Epoch(const EpochRecord& record) {
  const std::vector<double>& accuracy = record.validation.accuracy;
  const std::string validation = accuracy.empty()
                                     ? ""
                                     : absl::StrCat("  validation ", Percent(accuracy.front()), " at depth 1, ",
                                                    Percent(accuracy.back()), " at the last");
  Line(absl::StrFormat("epoch %d/%d  loss %.4f  accuracy %s%s  %s", record.epoch, epochs_, record.train_loss,
                       Percent(record.train_accuracy), validation, Duration(record.seconds)),
       /*stays=*/true);
}

void Console::Note(const std::string& text) { Line(text, /*stays=*/true); }

void Console::Table(const std::string& title, const DepthMetrics& metrics) {
  Line(absl::StrCat("\n", title, ":"), /*stays=*/true);
  out_ << DepthTable(metrics) << std::flush;
}

void Console::End(const TrainingResult& result) {
  Table(absl::StrFormat("Test set, weights of epoch %d, after %s", result.best_epoch, Duration(result.seconds)),
        result.test);
  const std::string chart = DepthChart(result.test.accuracy, columns_);
  if (!chart.empty()) out_ << "\nTest accuracy by depth:\n" << chart << std::flush;
}

void Console::Line(const std::string& text, bool stays) {
  if (columns_ == 0) {
    out_ << text << std::endl;
    return;
  }
  // A line longer than the terminal would wrap, and only its last part be redrawn.
  out_ << "\r\x1b[K" << (stays ? text + "\n" : text.substr(0, columns_ - 1)) << std::flush;
}

std::string DepthTable(const DepthMetrics& metrics) {
  std::string table = "  depth  accuracy  divergence      loss\n";
  for (size_t i = 0; i < metrics.accuracy.size(); ++i) {
    const double loss = metrics.loss[i];
    const std::string loss_text = std::isnan(loss) ? "-" : absl::StrFormat("%.4f", loss);
    absl::StrAppendFormat(&table, "  %5d  %8s  %10.4f  %8s\n", i + 1, Percent(metrics.accuracy[i]),
                          metrics.divergence[i], loss_text);
  }
  return table;
}

}  // namespace sid
