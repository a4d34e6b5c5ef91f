// Student's t distribution.
#pragma once

namespace gilspy::compare {

// The value that is exceeded with this probability (below one half). Degrees of freedom: from 1, maybe a fraction.
double student_quantile(double exceeded_with, double degrees);

}  // namespace gilspy::compare
