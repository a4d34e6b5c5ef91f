// A look at a process, for people and for scripts.
#pragma once

#include <string>

#include "gilspy/dump.h"

namespace gilspy::formats {

struct DumpTextOptions {
  bool colour = false;
  bool full_filenames = false;
};

// Holders first, then who waits for them, who runs, and who is blocked; innermost frames first.
std::string dump_text(const Dump& dump, const DumpTextOptions& options);

std::string dump_json(const Dump& dump);

}  // namespace gilspy::formats
