// Text as Python's repr() writes it.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace gilspy::sample {

// As UTF-8; what is no character becomes U+FFFD.
void append_utf8(std::string& out, char32_t character);

// str.isprintable(), but for characters that Unicode has not assigned yet.
bool is_printable(char32_t character);

// With quotes and escapes; lone surrogates are escaped.
std::string quoted(std::u32string_view text);
// b'...'
std::string quoted(std::span<const std::byte> bytes);

// A name: what is not printable is escaped, without quotes.
std::string printable_name(std::string_view utf8);

// float.__repr__: the shortest that reads back the same.
std::string float_text(double value);
// Without ".0", as complex has its parts.
std::string short_float_text(double value);

}  // namespace gilspy::sample
