#include "json_stream.h"

#include <fmt/format.h>

#include "gilspy/wording.h"

namespace gilspy::formats {

void JsonStream::value(std::string_view content) {
  const std::string text = wording::valid_utf8(content);
  writer_.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  flush_if_long();
}

// Digit by digit: a double would do for a minute, not for a date.
void JsonStream::millis(Nanos time) {
  constexpr std::int64_t kMilli = 1'000'000;
  const std::int64_t count = time.count();
  fmt::memory_buffer text;
  const auto to = fmt::appender(text);
  const std::int64_t whole = count / kMilli, rest = (count < 0 ? -1 : 1) * (count % kMilli);
  if (count < 0 && whole == 0) text.push_back('-');
  fmt::format_to(to, "{}", whole);
  if (rest != 0) {
    fmt::format_to(to, ".{:06}", rest);
    while (text[text.size() - 1] == '0') text.resize(text.size() - 1);
  }
  writer_.RawValue(text.data(), text.size(), rapidjson::kNumberType);
  flush_if_long();
}

void JsonStream::finish() {
  new_line();
  flush();
}

void JsonStream::flush() {
  to_.write({buffer_.GetString(), buffer_.GetSize()});
  buffer_.Clear();
}

}  // namespace gilspy::formats
