#pragma once

// What differences, one a seed, say about a bound, and how surely; and the verdict over several of them.
//
//   differences d_s --> mean, t interval, p --Pool--> one deviation for all --Decide--> PASS, FAIL, ...
//
// Each seed's split, label noise, order and augmentation are the same for all learners, so differences are paired: what a
// seed makes easier for all cancels.
//
// PASS needs every contrast beyond its bound. Testing each at the same level, without a correction, keeps that level for all
// of them together (an intersection-union test: PASS is wrong only if one of them is, and that one is tested). FAIL needs a
// single one surely short of where the claim would matter, and the more there are the likelier chance provides one: there the
// p values are Holm's. FAIL comes first: an effect that is surely there and surely too small is no support.

#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "bench/statistics/statistics.h"
#include "reproducibility/claims/claims.h"

namespace sid {

// Of each side: intervals are 95 %'s.
inline constexpr double kLevel = 0.025;

struct Comparison {
  std::string label;
  Bound bound;
  std::vector<uint64_t> seeds;
  std::vector<double> values;  // a seed's, in the order of `seeds`
  double mean = NAN, deviation = NAN;
  int64_t degrees = 0;   // of freedom of the deviation; 0: there is none
  Interval t{NAN, NAN};  // without a deviation
  double p = 1;          // of the claim's side: as far beyond the bound by chance, if the mean lay on it
  double p_against = 1;  // of the other side, from bound.Fail()
  double p_against_holm = 1;
};

Comparison Compare(const std::string& label, const Bound& bound, const std::vector<uint64_t>& seeds,
                   const std::vector<double>& values);

// How much of each setting a contrast holds.
using Shares = std::map<std::string, double>;

// One deviation a unit of weight for all comparisons of a claim, where their runs scatter alike: few seeds tell a spread badly, many
// contrasts together well. The degrees of freedom are Satterthwaite's, for contrasts that share runs tell the same twice:
//
//   s^2 = sum_i n_i s_i^2 / |w_i|^2 / sum_i n_i,    n = (sum_i n_i)^2 / sum_ij min(n_i, n_j) cos(w_i, w_j)^2,    n_i = seeds - 1
void Pool(const std::vector<Shares>& shares, std::vector<Comparison>* comparisons);

// Holm's step-down correction: each p value as if it were the only one tested.
std::vector<double> Holm(const std::vector<double>& p);

// Fills p_against_holm. `missing` comparisons of the same claim could not be made: they count as tests all the same.
void Correct(size_t missing, std::vector<Comparison>* comparisons);

// kByConstruction: it holds, and could not have failed.
enum class Verdict { kPass, kFail, kInconclusive, kNotRun, kByConstruction };

std::string Name(Verdict verdict);  // "PASS", "FAIL", "INCONCLUSIVE", "NOT RUN", "BY CONSTRUCTION"

struct Finding {
  Verdict verdict = Verdict::kNotRun;
  std::string reason;                      // a sentence; of NOT RUN, why
  Verdict leans = Verdict::kInconclusive;  // of INCONCLUSIVE: which way the numbers point all the same
};

// Of corrected comparisons, at least one; fewer than `seeds` differences decide nothing, but keep no other comparison from
// refuting the claim. It leans nowhere yet.
Finding Decide(const std::vector<Comparison>& comparisons, int64_t seeds);

// Which way numbers point that decide nothing, whatever their reason: kFail where a single contrast does, kPass where all do, by
// about a standard error (p <= 0.16, Holm's for kFail); kInconclusive otherwise.
Verdict LeansTo(const std::vector<Comparison>& comparisons, bool complete);

}  // namespace sid
