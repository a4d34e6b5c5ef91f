// Values as people type them. Errors: kUsage.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gilspy/ids.h"
#include "gilspy/result.h"
#include "options.h"

namespace gilspy::cli {

std::string lower_case(std::string text);  // of ASCII

struct Quantity {
  double number = 0;
  std::string unit;  // in small letters, without spaces; maybe empty
};
// "20 ms"; not "1e999", "-1" or "nan".
std::optional<Quantity> quantity(const std::string& text);
// Seconds of "20ms", "0.5s", "500us". `where`: what asked for it, for the complaint.
Result<double> parse_time(const std::string& text, std::string_view where);

// "1000", "250hz", "1khz", "max" (0).
Result<double> parse_rate(const std::string& text);
// "10khz", "0".
Result<double> parse_gil_rate(const std::string& text);
// "4242", "0x1092".
Result<Pid> parse_pid(const std::string& text);
// Seconds, or "unlimited".
Result<std::optional<Nanos>> parse_duration(const std::string& text);

// "https://..." or "http://...": what may be shown as a link.
Result<std::string> parse_link(const std::string& text);
// "1200:1350"; nothing for nothing.
Result<std::optional<WorkDone>> parse_work(const std::string& text);

}  // namespace gilspy::cli
