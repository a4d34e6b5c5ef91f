// What a terminal shows when a recording is done.
#pragma once

#include <string>

#include "gilspy/profile.h"
#include "gilspy/verdict.h"

namespace gilspy::terminal {

struct TerminalOptions {
  int width = 80;           // columns; taken as 40 to 200
  bool colour = false;      // 256 colours
  std::string output_path;  // where the recording went; empty: not shown
};

// Lines of at most `width` columns (only the path may be longer), each ended by a line break.
std::string summary(const Profile& profile, const Verdict& verdict, const TerminalOptions& options);

}  // namespace gilspy::terminal
