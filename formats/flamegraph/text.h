// Text that came from another process, made fit for an XML document and for a rectangle.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace gilspy::flamegraph {

// Valid UTF-8 of characters that XML 1.0 allows: what is neither becomes U+FFFD, a tab or a line break a blank.
std::string sanitised(std::string_view bytes);

// For text nodes and for attributes in double quotes. Expects sanitised text.
std::string escaped(std::string_view text);

// Characters (code points) of sanitised text.
std::size_t length(std::string_view text);
std::string_view first(std::string_view text, std::size_t characters);

// The longest of: all of it, its beginning with "..", nothing. A beginning of one letter tells nothing.
std::string cut(std::string_view text, std::size_t characters);

std::string thousands(std::uint64_t number);  // 1,234,567

}  // namespace gilspy::flamegraph
