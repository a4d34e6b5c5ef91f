// What there may be none of, as null.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "json_writer.h"

namespace gilspy::formats {

template <typename Value>
void write_optional(JsonWriter& json, std::string_view name, const std::optional<Value>& value) {
  if (value) {
    json.pair(name, *value);
  } else {
    json.pair(name, nullptr);
  }
}

inline void write_text_or_null(JsonWriter& json, std::string_view name, const std::string& text) {
  write_optional(json, name, text.empty() ? std::nullopt : std::optional(text));
}

}  // namespace gilspy::formats
