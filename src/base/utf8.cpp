#include <algorithm>
#include <array>

#include "gilspy/wording.h"

namespace gilspy::wording {
namespace {

unsigned byte_at(std::string_view bytes, std::size_t at) { return static_cast<unsigned char>(bytes[at]); }

bool continues(std::string_view bytes, std::size_t at, unsigned from = 0x80, unsigned to = 0xbf) {
  return at < bytes.size() && byte_at(bytes, at) >= from && byte_at(bytes, at) <= to;
}

// Table 3-7 of the Unicode standard: which second bytes a first byte allows. Overlong forms and surrogates are not
// text.
struct Lead {
  unsigned from, to;  // first byte
  std::size_t length;
  unsigned second_from, second_to;  // second byte
};
constexpr std::array kLeads{
    Lead{0x00, 0x7f, 1, 0, 0},       Lead{0xc2, 0xdf, 2, 0x80, 0xbf}, Lead{0xe0, 0xe0, 3, 0xa0, 0xbf},
    Lead{0xe1, 0xec, 3, 0x80, 0xbf}, Lead{0xed, 0xed, 3, 0x80, 0x9f}, Lead{0xee, 0xef, 3, 0x80, 0xbf},
    Lead{0xf0, 0xf0, 4, 0x90, 0xbf}, Lead{0xf1, 0xf3, 4, 0x80, 0xbf}, Lead{0xf4, 0xf4, 4, 0x80, 0x8f}};

// Bytes of the character at `at`; 0 when there is none.
std::size_t character_length(std::string_view bytes, std::size_t at) {
  const unsigned first = byte_at(bytes, at);
  const auto* lead = std::find_if(kLeads.begin(), kLeads.end(),
                                  [first](const Lead& row) { return first >= row.from && first <= row.to; });
  if (lead == kLeads.end()) return 0;
  if (lead->length > 1 && !continues(bytes, at + 1, lead->second_from, lead->second_to)) return 0;
  for (std::size_t i = 2; i < lead->length; ++i) {
    if (!continues(bytes, at + i)) return 0;
  }
  return lead->length;
}

}  // namespace

std::string valid_utf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t length = character_length(bytes, at);
    text += length > 0 ? bytes.substr(at, length) : std::string_view("\xef\xbf\xbd");
    at += std::max<std::size_t>(length, 1);
  }
  return text;
}

namespace {

// Embeddings, overrides and isolates, U+202A to U+202E and U+2066 to U+2069; line and paragraph separators.
bool changes_direction(std::string_view text, std::size_t at) {
  if (byte_at(text, at) != 0xe2) return false;
  const unsigned last = byte_at(text, at + 2);
  if (byte_at(text, at + 1) == 0x80) return last >= 0xa8 && last <= 0xae;
  return byte_at(text, at + 1) == 0x81 && last >= 0xa6 && last <= 0xa9;
}

}  // namespace

std::string printable(std::string_view bytes) {
  const std::string valid = valid_utf8(bytes);
  std::string text;
  for (std::size_t at = 0; at < valid.size(); ++at) {
    const unsigned byte = byte_at(valid, at);
    const bool is_c1_control = byte == 0xc2 && byte_at(valid, at + 1) < 0xa0;
    if (changes_direction(valid, at)) {
      text += "\xef\xbf\xbd";  // U+FFFD
      at += 2;
      continue;
    }
    if (is_c1_control) ++at;
    text += is_c1_control || byte < 0x20 || byte == 0x7f ? ' ' : valid[at];
  }
  return text;
}

}  // namespace gilspy::wording
