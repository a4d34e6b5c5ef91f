// A trace of Perfetto's as text that somebody can look at: a line for each packet.
#pragma once

#include <string>

namespace gilspy {

std::string trace_text(const std::string& trace);

}  // namespace gilspy
