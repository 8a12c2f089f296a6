#include "sid/learner/options.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/status.h"
#include "base/text.h"

namespace sid {
namespace {

absl::StatusOr<double> ParseAlpha(const std::string& text) {
  double alpha = 0;
  if (absl::SimpleAtod(text, &alpha) && alpha > 0 && alpha <= 1) return alpha;
  return absl::InvalidArgumentError(
      absl::StrCat("alpha '", text, "' is not in (0, 1]: it is the weight of the target in a module's loss; try 0.5"));
}

absl::StatusOr<std::vector<double>> LinearAlphas(const std::vector<std::string>& ends, int64_t depth) {
  SID_ASSIGN_OR_RETURN(const double first, ParseAlpha(ends[0]));
  SID_ASSIGN_OR_RETURN(const double last, ParseAlpha(ends[1]));
  std::vector<double> alphas;
  for (int64_t i = 0; i < depth; ++i) {
    const double way = depth == 1 ? 0 : static_cast<double>(i) / static_cast<double>(depth - 1);
    alphas.push_back(first + way * (last - first));
  }
  return alphas;
}

}  // namespace

std::vector<std::string> ExtractorGradientNames() { return {"sum", "mean", "pcgrad", "none"}; }

absl::StatusOr<ExtractorGradient> ParseExtractorGradient(const std::string& name) {
  SID_ASSIGN_OR_RETURN(const size_t index, FindName("extractor gradient", name, ExtractorGradientNames()));
  return static_cast<ExtractorGradient>(index);
}

absl::StatusOr<std::vector<double>> ParseAlphas(const std::string& text, int64_t depth) {
  const std::vector<std::string> ends = absl::StrSplit(text, ':');
  if (ends.size() == 2) return LinearAlphas(ends, depth);
  std::vector<double> alphas;
  for (const absl::string_view item : absl::StrSplit(text, ',')) {
    SID_ASSIGN_OR_RETURN(const double alpha, ParseAlpha(std::string(item)));
    alphas.push_back(alpha);
  }
  if (alphas.size() == 1) return std::vector<double>(depth, alphas[0]);
  if (static_cast<int64_t>(alphas.size()) == depth) return alphas;
  return absl::InvalidArgumentError(absl::StrCat("alpha '", text, "' lists ", alphas.size(),
                                                 " values, but the depth is ", depth,
                                                 ": give one for all, one a module, or FIRST:LAST"));
}

absl::Status Validate(const SidOptions& options) {
  if (!(options.smoothing >= 0 && options.smoothing < 1)) {
    return absl::InvalidArgumentError(
        absl::StrCat("smoothing ", options.smoothing, " is not in [0, 1); 0 leaves the target one-hot, 0.1 is common"));
  }
  if (options.divergence == Divergence::kReverse && options.smoothing == 0) {
    return absl::InvalidArgumentError(
        "the reverse divergence KL(p || y) is infinite for a one-hot target: smooth it (smoothing 0.1), or use the "
        "forward divergence");
  }
  return absl::OkStatus();
}

}  // namespace sid
