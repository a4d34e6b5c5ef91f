// A profile of pprof's as text that somebody can look at: a line for each sample.
#pragma once

#include <string>

namespace gilspy {

std::string pprof_text(const std::string& profile);  // not packed any more

}  // namespace gilspy
