#include "reproducibility/verdict/comparison.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <iostream>
#include <random>

namespace sid {
namespace {

constexpr uint64_t kSeed = 11;
constexpr int kStudies = 2000;
constexpr double kPi = 3.14159265358979323846;

// Closed forms for one and two degrees, and tables for others.
TEST(Student, AgreesWithClosedFormsAndTables) {
  for (const double t : {-7.0, -1.0, -0.1, 0.0, 0.5, 2.0, 30.0}) {
    EXPECT_NEAR(StudentCdf(t, 1), 0.5 + std::atan(t) / kPi, 1e-14);
    EXPECT_NEAR(StudentCdf(t, 2), 0.5 + t / (2 * std::sqrt(2 + t * t)), 1e-14);
  }
  const std::pair<int64_t, double> table[] = {{1, 12.7062}, {2, 4.3027}, {4, 2.7764}, {9, 2.2622}, {30, 2.0423}};
  for (const auto& [degrees, quantile] : table) {
    EXPECT_NEAR(StudentQuantile(0.975, degrees), quantile, 1e-4) << degrees;
    EXPECT_NEAR(StudentCdf(StudentQuantile(0.3, degrees), degrees), 0.3, 1e-9);
  }
  EXPECT_EQ(StudentCdf(INFINITY, 3), 1);
}

// The density integrated: an independent way to the same numbers.
TEST(Student, IsTheIntegralOfItsDensity) {
  for (const int64_t degrees : {3, 4, 7, 12}) {
    const auto v = static_cast<double>(degrees);
    const double scale = std::tgamma((v + 1) / 2) / (std::sqrt(v * kPi) * std::tgamma(v / 2));
    double sum = 0;
    constexpr int kSteps = 100000;
    for (int k = 0; k < kSteps; ++k) sum += std::pow(1 + std::pow((k + 0.5) * 1.7 / kSteps, 2) / v, -(v + 1) / 2);
    EXPECT_NEAR(StudentCdf(1.7, degrees), 0.5 + scale * sum * 1.7 / kSteps, 1e-8) << degrees;
  }
}

TEST(Holm, StepsDown) {
  const std::vector<double> corrected = Holm({0.03, 0.01, 0.04, 0.005});
  EXPECT_NEAR(corrected[3], 0.02, 1e-15);
  EXPECT_NEAR(corrected[1], 0.03, 1e-15);
  EXPECT_NEAR(corrected[0], 0.06, 1e-15);
  EXPECT_NEAR(corrected[2], 0.06, 1e-15);  // not 0.04: never below a smaller p's
  EXPECT_EQ(Holm({0.7, 0.9})[0], 1);
}

// Two contrasts that share nothing: their mean square, and both their degrees. Two that say the same: one's.
TEST(Pool, ByHand) {
  std::vector<Comparison> apart = {Compare("a", {true, 0}, {1, 2, 3}, {1, 2, 3}),
                                   Compare("b", {true, 0}, {1, 2, 3}, {2, 4, 6})};
  Pool({{{"x", 1}, {"y", -1}}, {{"z", 1}, {"w", -1}}}, &apart);
  EXPECT_EQ(apart[0].degrees, 4);
  EXPECT_NEAR(apart[0].deviation, std::sqrt((1 + 4) / 2.0), 1e-12);
  EXPECT_NEAR(apart[0].t.high, 2 + StudentQuantile(0.975, 4) * apart[0].deviation / std::sqrt(3), 1e-9);
  std::vector<Comparison> same = {Compare("a", {true, 0}, {1, 2, 3}, {1, 2, 3}),
                                  Compare("-a", {true, 0}, {1, 2, 3}, {-1, -2, -3})};
  Pool({{{"x", 1}, {"y", -1}}, {{"x", -1}, {"y", 1}}}, &same);
  EXPECT_EQ(same[0].degrees, 2);
  // A unit of weight: four runs scatter twice as far as one, and a shared one makes the cosine a half.
  std::vector<Comparison> shared = {Compare("a", {true, 0}, {1, 2, 3}, {1, 2, 3}),
                                    Compare("b", {true, 0}, {1, 2, 3}, {1, 2, 3})};
  Pool({{{"x", 1}, {"y", -1}}, {{"x", 1}, {"z", -1}}}, &shared);
  EXPECT_EQ(shared[0].degrees, 3);  // 4^2 / (2 (1 + 1 + 1/4 + 1/4)) = 3.2
}

// Three learners against a fourth, whose runs they share; one of them scatters twice as far as the others.
TEST(Pool, KeepsTheLevelWhereSpreadsDifferByTwo) {
  std::mt19937_64 random(kSeed);
  std::normal_distribution<double> normal;
  for (const double wide : {1.0, 2.0}) {
    int passed = 0, failed = 0;
    for (int study = 0; study < kStudies; ++study) {
      std::vector<std::vector<double>> values(3, std::vector<double>(5));
      for (int seed = 0; seed < 5; ++seed) {
        const double shared = normal(random);
        for (int k = 0; k < 3; ++k) values[k][seed] = shared - (k == 0 ? wide : 1) * normal(random);
      }
      std::vector<Comparison> comparisons;
      std::vector<Shares> weights;
      for (int k = 0; k < 3; ++k) {
        comparisons.push_back(Compare("x", {true, k == 0 ? 0.0 : -100.0}, {1, 2, 3, 4, 5}, values[k]));
        weights.push_back({{"sid", 1}, {std::to_string(k), -1}});
      }
      Pool(weights, &comparisons);
      Correct(0, &comparisons);
      const Verdict verdict = Decide(comparisons, 5).verdict;
      passed += verdict == Verdict::kPass ? 1 : 0;
      failed += verdict == Verdict::kFail ? 1 : 0;
    }
    std::cout << "spreads 1 and " << wide << ": " << 100.0 * passed / kStudies << " % PASS, "
              << 100.0 * failed / kStudies << " % FAIL" << std::endl;
    EXPECT_LE(passed, (wide > 1 ? 0.08 : 0.04) * kStudies);
    EXPECT_LE(failed, 0.05 * kStudies);
  }
}

TEST(Decide, ATieIsRefutedWhereTheSmallestEffectThatMattersIsNamed) {
  const std::vector<double> tie = {0.001, -0.001, 0.002, -0.002, 0};
  std::vector<Comparison> comparisons = {Compare("x", {true, 0, 0.01}, {1, 2, 3, 4, 5}, tie)};
  Correct(0, &comparisons);
  EXPECT_EQ(Decide(comparisons, 5).verdict, Verdict::kFail);
  comparisons = {Compare("x", {true, 0}, {1, 2, 3, 4, 5}, tie)};
  Correct(0, &comparisons);
  EXPECT_EQ(Decide(comparisons, 5).verdict, Verdict::kInconclusive);
}

TEST(LeansTo, OneStandardErrorSaysWhichWay) {
  const auto leans = [](double mean, bool complete) {
    std::vector<Comparison> comparisons = {Compare("x", {true, 0}, {1, 2, 3}, {mean - 1, mean, mean + 1})};
    Correct(0, &comparisons);
    return LeansTo(comparisons, complete);
  };
  EXPECT_EQ(leans(-1, true), Verdict::kFail);
  EXPECT_EQ(leans(1, true), Verdict::kPass);
  EXPECT_EQ(leans(1, false), Verdict::kInconclusive);
  EXPECT_EQ(leans(0.1, true), Verdict::kInconclusive);
}

TEST(Compare, ByHand) {
  const Comparison comparison = Compare("x", {true, 1}, {1, 2, 3, 4, 5}, {1, 2, 3, 4, 5});
  EXPECT_EQ(comparison.mean, 3);
  EXPECT_NEAR(comparison.deviation, std::sqrt(2.5), 1e-12);
  EXPECT_NEAR(comparison.t.low, 3 - 2.7764451 * std::sqrt(0.5), 1e-6);
  EXPECT_NEAR(comparison.p, 1 - StudentCdf(2 / std::sqrt(0.5), 4), 1e-12);
  EXPECT_NEAR(comparison.p + comparison.p_against, 1, 1e-12);
  EXPECT_TRUE(std::isnan(Compare("one", {true, 0}, {1}, {1}).t.low));
  EXPECT_LT(Compare("law", {false, 1}, {1, 2}, {0, 0}).p, 1e-12);
}

std::vector<double> Draw(int64_t count, double shift, const std::function<double()>& noise) {
  std::vector<double> values(count);
  for (double& value : values) value = shift + noise();
  return values;
}

Verdict Study(const std::vector<std::vector<double>>& contrasts, bool above = true) {
  std::vector<Comparison> comparisons;
  for (const auto& values : contrasts) {
    std::vector<uint64_t> seeds(values.size());
    for (size_t i = 0; i < seeds.size(); ++i) seeds[i] = i + 1;
    comparisons.push_back(Compare("contrast", {above, 0}, seeds, values));
  }
  Correct(0, &comparisons);
  return Decide(comparisons, 5).verdict;
}

struct Rates {
  double pass = 0, fail = 0;
};

Rates RatesOf(const std::function<std::vector<std::vector<double>>(int)>& study, bool above = true) {
  int passed = 0, failed = 0;
  for (int k = 0; k < kStudies; ++k) {
    const Verdict verdict = Study(study(k), above);
    passed += verdict == Verdict::kPass ? 1 : 0;
    failed += verdict == Verdict::kFail ? 1 : 0;
  }
  return {static_cast<double>(passed) / kStudies, static_cast<double>(failed) / kStudies};
}

struct Noise {
  std::string name;
  std::function<double(std::mt19937_64&)> draw;  // mean 0
};

void PrintTo(const Noise& noise, std::ostream* out) { *out << noise.name; }

class NullTest : public testing::TestWithParam<Noise> {};

// No effect, whatever the noise: at most one verdict in twenty may be PASS, nor FAIL; with five seeds and with twenty, for a
// single contrast and for nine of them.
TEST_P(NullTest, GivesNeitherPassNorFail) {
  std::mt19937_64 random(kSeed);
  const auto noise = [&] { return GetParam().draw(random); };
  for (const auto& [seeds, contrasts] : {std::pair<int64_t, int64_t>{5, 1}, {20, 1}, {5, 9}}) {
    const Rates rates = RatesOf([&, seeds = seeds, contrasts = contrasts](int) {
      std::vector<std::vector<double>> study;
      for (int64_t k = 0; k < contrasts; ++k) study.push_back(Draw(seeds, 0, noise));
      return study;
    });
    EXPECT_LE(rates.pass, 0.05) << seeds << " seeds, " << contrasts << " contrasts, random seed " << kSeed;
    EXPECT_LE(rates.fail, 0.05) << seeds << " seeds, " << contrasts << " contrasts, random seed " << kSeed;
    std::cout << GetParam().name << ", " << seeds << " seeds, " << contrasts << " contrasts: " << 100 * rates.pass
              << " % PASS, " << 100 * rates.fail << " % FAIL" << std::endl;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Noises, NullTest,
    testing::Values(
        Noise{"Normal", [](std::mt19937_64& random) { return std::normal_distribution<double>()(random); }},
        Noise{"Uniform", [](std::mt19937_64& random) { return std::uniform_real_distribution<double>(-1, 1)(random); }},
        Noise{"HeavyTails", [](std::mt19937_64& random) { return std::student_t_distribution<double>(3)(random); }}),
    [](const auto& noise) { return noise.param.name; });

// The limit of five seeds, stated in the report: of noise as skewed as an exponential the mean is rarely reached, so a bound
// on the side of the long tail seems to be kept too often. Twenty seeds are better; no interval of five numbers knows it.
TEST(Decide, SkewedNoiseGivesTooManyVerdictsByAKnownMeasure) {
  std::mt19937_64 random(kSeed);
  std::exponential_distribution<double> exponential;
  const auto rates = [&](int64_t seeds) {
    return RatesOf(
        [&](int) { return std::vector<std::vector<double>>{Draw(seeds, -1, [&] { return exponential(random); })}; },
        /*above=*/false);
  };
  const Rates few = rates(5), many = rates(20);
  std::cout << "exponential noise: " << 100 * few.pass << " % PASS with 5 seeds, " << 100 * many.pass << " % with 20"
            << std::endl;
  EXPECT_LE(few.pass, 0.13);
  EXPECT_LE(few.fail, 0.05);
  EXPECT_LE(many.pass, few.pass);
}

// One contrast has no effect and the others a huge one: the intersection-union argument, at its worst case.
TEST(Decide, OneNullAmongLargeEffectsGivesNoPass) {
  std::mt19937_64 random(kSeed);
  std::normal_distribution<double> normal;
  const Rates rates = RatesOf([&](int) {
    std::vector<std::vector<double>> study;
    for (int k = 0; k < 9; ++k) study.push_back(Draw(5, k == 0 ? 0 : 100, [&] { return normal(random); }));
    return study;
  });
  EXPECT_LE(rates.pass, 0.05);
  EXPECT_GT(rates.pass, 0.005) << "a test that never rejects proves nothing";
}

// A planted effect of three standard deviations, of either sign, with five seeds.
TEST(Decide, PlantedEffectsAreFound) {
  std::mt19937_64 random(kSeed);
  std::normal_distribution<double> normal;
  const auto rates = [&](double shift, bool above) {
    return RatesOf(
        [&](int) { return std::vector<std::vector<double>>{Draw(5, shift, [&] { return normal(random); })}; }, above);
  };
  EXPECT_GE(rates(3, true).pass, 0.9);
  EXPECT_GE(rates(-3, true).fail, 0.9);
  EXPECT_GE(rates(-3, false).pass, 0.9);
  EXPECT_GE(rates(3, false).fail, 0.9);
  EXPECT_EQ(rates(-3, true).pass, 0);
}

TEST(Decide, OneOfManyOnTheWrongSideFails) {
  std::vector<std::vector<double>> study(9, {1.0, 1.1, 0.9, 1.05, 0.95});
  EXPECT_EQ(Study(study), Verdict::kPass);
  study[4] = {-1.0, -1.1, -0.9, -1.05, -0.95};
  EXPECT_EQ(Study(study), Verdict::kFail);
  study[4] = {-1.0, 1.1, -0.9, 1.05, -0.95};
  EXPECT_EQ(Study(study), Verdict::kInconclusive);
}

TEST(Decide, AContrastWithTooFewSeedsSavesNoClaim) {
  std::vector<std::vector<double>> study = {{-1.0, -1.1, -0.9, -1.05, -0.95}, {1.0, 1.1}};
  EXPECT_EQ(Study(study), Verdict::kFail);
  study[0] = {1.0, 1.1, 0.9, 1.05, 0.95};
  EXPECT_EQ(Study(study), Verdict::kInconclusive);
}

// Tests that could not be made count: of two, each must be as sure as of four.
TEST(Correct, CountsWhatIsMissing) {
  std::vector<Comparison> comparisons = {Compare("a", {true, 0}, {1, 2, 3}, {-1.0, -1.2, -0.9})};
  Correct(3, &comparisons);
  EXPECT_NEAR(comparisons[0].p_against_holm, 4 * comparisons[0].p_against, 1e-15);
}

TEST(Decide, FourSeedsDecideNothing) { EXPECT_EQ(Study({{1.0, 1.1, 0.9, 1.05}}), Verdict::kInconclusive); }

}  // namespace
}  // namespace sid
