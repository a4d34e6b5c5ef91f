#pragma once

#include <optional>
#include <string>
#include <variant>

#include "gilspy/format.h"
#include "gilspy/ids.h"
#include "gilspy/result.h"

namespace gilspy::cli {

struct RecordOptions {
  Pid pid{};
  std::string output;  // empty: make a name up; "-": standard output
  const Format* format = nullptr;
  std::optional<Nanos> duration;
  double rate_hz = 1000;  // 0: as fast as possible
  RenderOptions render;
};

// Ends the program with this status: help was printed, or a complaint.
struct Exit {
  int code = 0;
};

std::variant<RecordOptions, Exit> parse_command_line(int argc, char** argv);

// "1000", "250hz", "1khz", "max" (0). Errors: kUsage.
Result<double> parse_rate(const std::string& text);

}  // namespace gilspy::cli
