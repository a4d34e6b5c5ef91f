#include <algorithm>
#include <cmath>

#include "gilspy/estimate.h"

namespace gilspy {
namespace {

constexpr double kAlmostNormal = 10'000;  // degrees of freedom

double not_zero(double value) { return std::abs(value) < 1e-300 ? 1e-300 : value; }

// The continued fraction of the incomplete beta function (Abramowitz and Stegun, 26.5.8), evaluated by Lentz's method.
double beta_fraction(double x, double a, double b) {
  constexpr int kMostSteps = 10'000;
  constexpr double kClose = 1e-14;
  double c = 1;
  double d = 1 / not_zero(1 - (a + b) * x / (a + 1));
  double value = d;
  for (int m = 1; m < kMostSteps; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / not_zero(1 + even * d);
    c = not_zero(1 + even / c);
    value *= c * d;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / not_zero(1 + odd * d);
    c = not_zero(1 + odd / c);
    value *= c * d;
    if (std::abs(c * d - 1) < kClose) break;
  }
  return value;
}

// I_x(a, b)
double incomplete_beta(double x, double a, double b) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const double front =
      std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log1p(-x));
  if (x < (a + 1) / (a + b + 2)) return front * beta_fraction(x, a, b) / a;
  return 1 - front * beta_fraction(1 - x, b, a) / b;
}

double exceeds(double t, double degrees) { return incomplete_beta(degrees / (degrees + t * t), degrees / 2, 0.5) / 2; }

}  // namespace

double student_quantile(double exceeded_with, double degrees) {
  const double freedom = std::clamp(degrees, 1.0, kAlmostNormal);
  double low = 0, high = 1;
  while (exceeds(high, freedom) > exceeded_with && high < 1e9) high *= 2;
  for (int i = 0; i < 100 && high - low > 1e-10 * high; ++i) {
    const double middle = (low + high) / 2;
    (exceeds(middle, freedom) > exceeded_with ? low : high) = middle;
  }
  return (low + high) / 2;
}

}  // namespace gilspy
