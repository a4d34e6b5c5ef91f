// How gilspy says that something went wrong: one line on stderr, and the exit status that goes with it.
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <string_view>

#include "exit_codes.h"
#include "gilspy/result.h"

namespace gilspy::cli {

inline void say(std::string_view line) {
  std::fputs(fmt::format("gilspy: {}\n", line).c_str(), stderr);  // a closed stderr is no reason to abort
}

inline int complain(const Error& error) {
  say(error.message());
  return exit_code(error.code());
}

}  // namespace gilspy::cli
