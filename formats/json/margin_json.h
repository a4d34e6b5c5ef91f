// A figure that was seen, and how far from it the true one may be: as an interval.
#pragma once

#include <algorithm>
#include <limits>
#include <string_view>

#include "json_writer.h"

namespace gilspy::formats {

inline constexpr double kNoLimit = std::numeric_limits<double>::max();

inline void write_interval(JsonWriter& json, double value, double margin, double most = kNoLimit) {
  json.pair("low", std::max(value - margin, 0.0));
  json.pair("high", std::min(value + margin, most));
}

inline void write_interval(JsonWriter& json, std::string_view name, double value, double margin,
                           double most = kNoLimit) {
  json.object(name, [&] { write_interval(json, value, margin, most); });
}

}  // namespace gilspy::formats
