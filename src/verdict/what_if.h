// What would change: upper bounds from the recorded times.
#pragma once

#include <string>
#include <vector>

#include "gilspy/verdict.h"
#include "numbers.h"

namespace gilspy::verdict {

// The smallest of these, at least 1:
//   - what the CPUs could carry over what they carried, moment by moment where there is a timeline: a part of the
//   program
//     in which one thread works alone stays as long as it is (Amdahl);
//   - what each thread would gain if it had never waited for a GIL, by what it does;
//   - the recording's length over the work of the thread with the most work (not beside a hog).
double without_gil(const Profile& profile, const Numbers& numbers);

// The first of these, all moments taken together.
double gain_on_cpus(const Numbers& numbers);

WhatIf what_if(const Profile& profile, const Numbers& numbers, const std::vector<Culprit>& culprits);

}  // namespace gilspy::verdict
