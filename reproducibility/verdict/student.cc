#include "reproducibility/verdict/student.h"

#include <cmath>
#include <limits>

#include "third_party/logging/logging.h"

namespace sid {
namespace {

constexpr double kPi = 3.14159265358979323846;

}  // namespace

double StudentCdf(double t, int64_t degrees) {
  CHECK_GE(degrees, 1);
  if (std::isinf(t)) return t > 0 ? 1 : 0;
  const double theta = std::atan(t / std::sqrt(static_cast<double>(degrees))), cosine = std::cos(theta);
  const bool odd = degrees % 2 == 1;
  // sin times 1 + c^2/2 + 3 c^4/8 + ..., or sin times c + 2 c^3/3 + ...: as many terms as half the degrees.
  double term = odd ? cosine : 1, sum = 0;
  for (int64_t k = odd ? 3 : 2; k <= degrees; k += 2) {
    sum += term;
    term *= cosine * cosine * static_cast<double>(k - 1) / static_cast<double>(k);
  }
  const double inside = odd ? 2 / kPi * (theta + std::sin(theta) * sum) : std::sin(theta) * sum;
  return 0.5 + inside / 2;
}

double StudentQuantile(double probability, int64_t degrees) {
  CHECK(probability > 0 && probability < 1) << probability;
  double low = -1, high = 1;
  while (StudentCdf(low, degrees) > probability) low *= 2;
  while (StudentCdf(high, degrees) < probability) high *= 2;
  while (high - low > 1e-12 * (1 + std::abs(low))) {
    const double middle = low + (high - low) / 2;
    (StudentCdf(middle, degrees) < probability ? low : high) = middle;
  }
  return low + (high - low) / 2;
}

}  // namespace sid
