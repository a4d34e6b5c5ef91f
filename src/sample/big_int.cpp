#include "big_int.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>

#include "gilspy/memory.h"
#include "gilspy/wording.h"

namespace gilspy::sample {
namespace {

constexpr std::uint64_t kDigitBits = 30;
constexpr std::uint64_t kMostExact = 7;            // digits
constexpr std::uint64_t kMostDigits = 1ULL << 40;  // more are garbage
constexpr std::uint64_t kNegativeTag = 2;          // of lv_tag's lowest bits: 0 positive, 1 zero, 2 negative
constexpr std::uint64_t kSignBits = 3;

struct Size {
  std::uint64_t digits = 0;
  bool is_negative = false;
};

Size size_of(std::uint64_t word, const RuntimeLayout& layout) {
  if (layout.object.long_has_tag) return {word >> 3, (word & kSignBits) == kNegativeTag};
  const auto size = static_cast<std::int64_t>(word);
  return {size < 0 ? 0 - word : word, size < 0};
}

}  // namespace

std::string BigInt::text() const {
  const std::string sign = is_negative ? "-" : "";
  if (!is_exact()) {
    return fmt::format("<{}int of {} bits>", is_negative ? "negative " : "", wording::grouped(bits));
  }
  // Divided by 10^9 again and again.
  constexpr std::uint64_t kBase = 1'000'000'000;
  std::vector<std::uint32_t> rest = digits;
  std::string text;
  while (true) {
    std::uint64_t remainder = 0;
    for (auto digit = rest.rbegin(); digit != rest.rend(); ++digit) {
      const std::uint64_t value = (remainder << kDigitBits) | *digit;
      *digit = static_cast<std::uint32_t>(value / kBase);
      remainder = value % kBase;
    }
    while (!rest.empty() && rest.back() == 0) rest.pop_back();
    if (rest.empty()) return fmt::format("{}{}{}", sign, remainder, text);
    text = fmt::format("{:09}{}", remainder, text);
  }
}

Result<BigInt> read_big_int(MemoryReader& memory, const RuntimeLayout& layout, RemoteAddr object) {
  GILSPY_TRY(const auto word, read_value<std::uint64_t>(memory, object + layout.object.long_size_or_tag));
  const Size size = size_of(word, layout);
  BigInt number;
  number.is_negative = size.is_negative;
  // 3.12 and later say of 0 that it has a digit.
  if (size.digits == 0 || (layout.object.long_has_tag && (word & kSignBits) == 1)) return number;
  if (size.digits > kMostDigits) return fail(ErrorCode::kCorrupt, "an int is impossibly large");
  const RemoteAddr first = object + layout.object.long_digits;
  GILSPY_TRY(const auto top, read_value<std::uint32_t>(memory, first + 4 * (size.digits - 1)));
  if (top >> kDigitBits != 0 || (top == 0 && size.digits > 1)) return fail(ErrorCode::kCorrupt, "not an int");
  number.bits = kDigitBits * (size.digits - 1) + static_cast<std::uint64_t>(std::bit_width(top));
  if (size.digits > kMostExact || number.bits == 0) return number;
  number.digits.resize(size.digits);
  GILSPY_CHECK(read_exact(memory, first, std::as_writable_bytes(std::span(number.digits))));
  const auto is_wide = [](std::uint32_t digit) { return digit >> kDigitBits != 0; };
  if (std::ranges::any_of(number.digits, is_wide)) return fail(ErrorCode::kCorrupt, "not an int");
  return number;
}

}  // namespace gilspy::sample
