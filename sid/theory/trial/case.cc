#include "sid/theory/trial/case.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/random.h"
#include "sid/belief/belief.h"

namespace sid {
namespace {

constexpr int64_t kMostClasses = 1000, kMostModules = 1024;
// Corners apart, larger cases would only take longer.
constexpr int64_t kMostLogits = 20000;
// exp is subnormal from -708.4 down to -744.4.
constexpr double kSubnormal = -720;

class Drawing {
 public:
  Drawing(uint64_t seed, uint64_t number)
      : numbers_(MixSeed(seed, RandomUse::kSynthetic, {number})),
        tensors_(MakeGenerator(seed, RandomUse::kSynthetic, {number, 1})) {}

  int64_t Whole(int64_t low, int64_t high) { return std::uniform_int_distribution<int64_t>(low, high)(numbers_); }
  double Real(double low, double high) { return std::uniform_real_distribution<double>(low, high)(numbers_); }
  // Small numbers as often as large ones.
  int64_t AnySize(int64_t low, int64_t high) {
    const double size = std::exp(Real(std::log(static_cast<double>(low)), std::log(static_cast<double>(high) + 1)));
    return std::clamp(static_cast<int64_t>(size), low, high);
  }

  TheoryCase Sized(int64_t classes, int64_t depth) {
    TheoryCase drawn;
    drawn.divergence = Whole(0, 1) == 0 ? Divergence::kForward : Divergence::kReverse;
    const bool one_hot = drawn.divergence == Divergence::kForward && Whole(0, 1) == 0;
    drawn.smoothing = one_hot ? 0 : std::pow(10, Real(-6, -0.1));
    drawn.label = Whole(0, classes - 1);
    drawn.alphas = Alphas(depth);
    drawn.logits = Logits(drawn, classes);
    return drawn;
  }

 private:
  double Alpha() { return Whole(0, 9) == 0 ? 1 : std::pow(10, Real(-3, 0)); }

  std::vector<double> Alphas(int64_t depth) {
    std::vector<double> alphas(depth, Alpha());
    if (Whole(0, 1) == 0) std::generate(alphas.begin(), alphas.end(), [&] { return Alpha(); });
    return alphas;
  }

  // [C], of one class far above the others.
  static at::Tensor Certain(int64_t classes, int64_t of, double others) {
    at::Tensor logits = at::full({classes}, others, at::kDouble);
    logits[of] = 0;
    return logits;
  }

  at::Tensor FreshBelief(int64_t classes, int64_t label) {
    switch (Whole(0, 6)) {
      case 0:
        return at::zeros({classes}, at::kDouble);
      case 1:
        return at::randint(0, 2, {classes}, tensors_, at::kDouble);  // ties
      case 2:
        return Certain(classes, label, -Real(5, 700));
      case 3:
        return Certain(classes, Whole(0, classes - 1), -Real(5, 700));
      case 4:
        return Certain(classes, Whole(0, classes - 1), kSubnormal);
      case 5:
        return 30 * at::randn({classes}, tensors_, at::kDouble);
      default:
        return at::randn({classes}, tensors_, at::kDouble);
    }
  }

  at::Tensor NextBelief(const TheoryCase& drawn, double alpha, const at::Tensor& before) {
    switch (Whole(0, 3)) {
      case 0:
        return before.clone();
      case 1:
        return before + std::pow(10, Real(-9, 0)) * at::randn(before.sizes(), tensors_, at::kDouble);
      case 2: {
        const at::Tensor log_y =
            TargetBelief(at::full({1}, drawn.label, at::kLong), before.size(0), drawn.smoothing, at::kDouble);
        return LogMinimiser(drawn.divergence, alpha, log_y[0], BeliefOf(before)).clamp_min(kSubnormal);
      }
      default:
        return FreshBelief(before.size(0), drawn.label);
    }
  }

  at::Tensor Logits(const TheoryCase& drawn, int64_t classes) {
    at::Tensor logits = at::empty({drawn.depth() + 1, classes}, at::kDouble);
    logits[0].copy_(Whole(0, 1) == 0 ? at::zeros({classes}, at::kDouble) : FreshBelief(classes, drawn.label));
    for (int64_t i = 0; i < drawn.depth(); ++i) logits[i + 1].copy_(NextBelief(drawn, drawn.alphas[i], logits[i]));
    return logits;
  }

  std::mt19937_64 numbers_;
  at::Generator tensors_;
};

TheoryCase Modules(const TheoryCase& original, int64_t begin, int64_t end) {
  TheoryCase part = original;
  part.alphas.assign(original.alphas.begin() + begin, original.alphas.begin() + end);
  part.logits = original.logits.slice(0, begin, end + 1);
  return part;
}

TheoryCase WithoutModule(const TheoryCase& original, int64_t index) {
  TheoryCase part = original;
  part.alphas.erase(part.alphas.begin() + index);
  part.logits = at::cat({original.logits.slice(0, 0, index + 1), original.logits.slice(0, index + 2)});
  return part;
}

// Without classes [begin, end) counted among those that are not the label, which becomes class 0.
TheoryCase WithoutClasses(const TheoryCase& original, int64_t begin, int64_t end) {
  const at::Tensor& all = original.logits;
  const at::Tensor others = at::cat({all.slice(1, 0, original.label), all.slice(1, original.label + 1)}, 1);
  TheoryCase part = original;
  part.label = 0;
  part.logits =
      at::cat({all.slice(1, original.label, original.label + 1), others.slice(1, 0, begin), others.slice(1, end)}, 1);
  return part;
}

void AppendFewerModules(const TheoryCase& original, std::vector<TheoryCase>& simpler) {
  const int64_t depth = original.depth();
  if (depth == 1) return;
  simpler.push_back(Modules(original, 0, depth / 2));
  simpler.push_back(Modules(original, depth / 2, depth));
  for (int64_t i = 0; depth <= 8 && i < depth; ++i) simpler.push_back(WithoutModule(original, i));
}

void AppendFewerClasses(const TheoryCase& original, std::vector<TheoryCase>& simpler) {
  const int64_t others = original.classes() - 1;
  if (others == 1) return;
  simpler.push_back(WithoutClasses(original, 0, others / 2));
  simpler.push_back(WithoutClasses(original, others / 2, others - others % 2));
  for (int64_t k = 0; others <= 8 && k < others; ++k) simpler.push_back(WithoutClasses(original, k, k + 1));
}

void AppendPlainerNumbers(const TheoryCase& original, std::vector<TheoryCase>& simpler) {
  TheoryCase plain = original;
  plain.alphas.assign(original.alphas.size(), 0.5);
  if (plain.alphas != original.alphas) simpler.push_back(plain);
  plain = original;
  plain.smoothing = original.smoothing == 0 ? 0 : 0.5;
  if (plain.smoothing != original.smoothing) simpler.push_back(plain);
  for (const at::Tensor& logits : {original.logits.round(), (original.logits / 2).trunc()}) {
    plain = original;
    plain.logits = logits;
    if (!at::equal(plain.logits, original.logits)) simpler.push_back(plain);
  }
}

}  // namespace

at::Tensor TheoryCase::LogTarget() const {
  return TargetBelief(at::full({1}, label, at::kLong), classes(), smoothing, at::kDouble)[0];
}

at::Tensor TheoryCase::LogBeliefs() const { return at::log_softmax(logits, -1); }

TheoryCase DrawCase(uint64_t seed, uint64_t number) {
  Drawing drawing(seed, number);
  if (number < 4) return drawing.Sized(number % 2 == 0 ? 2 : kMostClasses, number / 2 == 0 ? 1 : kMostModules);
  const int64_t classes = drawing.AnySize(2, kMostClasses);
  return drawing.Sized(classes, drawing.AnySize(1, std::min(kMostModules, kMostLogits / classes)));
}

std::vector<TheoryCase> SimplerCases(const TheoryCase& original) {
  std::vector<TheoryCase> simpler;
  AppendFewerModules(original, simpler);
  AppendFewerClasses(original, simpler);
  AppendPlainerNumbers(original, simpler);
  return simpler;
}

TheoryCase Shrink(TheoryCase failing, const std::function<bool(const TheoryCase&)>& fails) {
  for (int attempts = 400; attempts > 0;) {
    const std::vector<TheoryCase> simpler = SimplerCases(failing);
    const auto next = std::find_if(simpler.begin(), simpler.end(),
                                   [&](const TheoryCase& tried) { return attempts-- > 0 && fails(tried); });
    if (next == simpler.end()) break;
    failing = *next;
  }
  return failing;
}

std::string Describe(const TheoryCase& tried) {
  const bool small = tried.logits.numel() <= 64;
  std::vector<std::string> beliefs;
  for (int64_t i = 0; small && i <= tried.depth(); ++i) {
    const at::Tensor row = tried.logits[i].contiguous();
    const std::vector<double> values(row.data_ptr<double>(), row.data_ptr<double>() + row.numel());
    beliefs.push_back(absl::StrCat("{", absl::StrJoin(values, ", "), "}"));
  }
  return absl::StrCat("L = ", tried.depth(), ", C = ", tried.classes(), ", ",
                      DivergenceNames()[static_cast<size_t>(tried.divergence)], ", label ", tried.label, ", smoothing ",
                      tried.smoothing, ", alphas ", small ? absl::StrJoin(tried.alphas, ", ") : "of their own",
                      ", logits of p_0 .. p_L ", small ? absl::StrJoin(beliefs, " ") : "too many to show");
}

}  // namespace sid
