#include "line_table.h"

#include <algorithm>
#include <limits>

namespace gilspy::sample {
namespace {

class Cursor {
 public:
  explicit Cursor(std::span<const std::byte> bytes) : bytes_(bytes) {}

  bool at_end() const { return at_ >= bytes_.size(); }
  unsigned next() { return at_end() ? 0U : std::to_integer<unsigned>(bytes_[at_++]); }
  int next_signed() { return static_cast<std::int8_t>(next()); }
  void skip(std::size_t count) { at_ = std::min(at_ + count, bytes_.size()); }

  unsigned varint() {
    unsigned value = 0;
    for (unsigned shift = 0; shift < 32; shift += 6) {
      const unsigned byte = next();
      value |= (byte & 63U) << shift;
      if ((byte & 64U) == 0) break;
    }
    return value;
  }
  int signed_varint() {
    const unsigned value = varint();
    const int magnitude = static_cast<int>(value >> 1);
    return (value & 1U) != 0 ? -magnitude : magnitude;
  }

 private:
  std::span<const std::byte> bytes_;
  std::size_t at_ = 0;
};

constexpr unsigned kNoLine = 15;
constexpr unsigned kLong = 14;
constexpr unsigned kNoColumns = 13;
constexpr unsigned kOneLine = 10;

// The line delta of one entry; leaves the cursor behind its columns.
int read_delta(Cursor& cursor, unsigned code) {
  if (code == kLong) {
    const int delta = cursor.signed_varint();
    for (int i = 0; i < 3; ++i) cursor.varint();
    return delta;
  }
  if (code == kNoColumns) return cursor.signed_varint();
  if (code >= kOneLine) {
    cursor.skip(2);
    return static_cast<int>(code - kOneLine);
  }
  cursor.skip(1);
  return 0;
}

}  // namespace

LineTable::LineTable(LineFormat format, std::span<const std::byte> table, int first_line) {
  switch (format) {
    case LineFormat::kLnotab: read_lnotab(table, first_line); break;
    case LineFormat::kRanges: read_ranges(table, first_line); break;
    case LineFormat::kLocations: read_locations(table, first_line); break;
  }
}

void LineTable::append(std::uint32_t size, int line) {
  if (size == 0) return;
  if (runs_.empty() || runs_.back().line != line) runs_.push_back({end_, line});
  end_ += size;
}

// In all three, lines are summed unsigned, so that garbage wraps instead of overflowing.

// Pairs (bytes of code, change of line behind them); the last line goes on to the end, wherever that is.
void LineTable::read_lnotab(std::span<const std::byte> table, int first_line) {
  auto line = static_cast<unsigned>(first_line);
  for (Cursor cursor(table); !cursor.at_end();) {
    append(cursor.next(), static_cast<int>(line));
    line += static_cast<unsigned>(cursor.next_signed());
  }
  append(std::numeric_limits<std::uint32_t>::max() - end_, static_cast<int>(line));
}

// Pairs (bytes of code, change of line before them).
void LineTable::read_ranges(std::span<const std::byte> table, int first_line) {
  constexpr int kNoLineDelta = -128;
  auto line = static_cast<unsigned>(first_line);
  for (Cursor cursor(table); !cursor.at_end();) {
    const unsigned size = cursor.next();
    const int delta = cursor.next_signed();
    if (delta != kNoLineDelta) line += static_cast<unsigned>(delta);
    append(size, delta == kNoLineDelta ? 0 : static_cast<int>(line));
  }
}

void LineTable::read_locations(std::span<const std::byte> table, int first_line) {
  auto line = static_cast<unsigned>(first_line);
  for (Cursor cursor(table); !cursor.at_end();) {
    const unsigned head = cursor.next();
    const unsigned code = (head >> 3) & 15U;
    const unsigned units = (head & 7U) + 1;
    if (code != kNoLine) line += static_cast<unsigned>(read_delta(cursor, code));
    append(units * 2, code == kNoLine ? 0 : static_cast<int>(line));
  }
}

int LineTable::line_at(std::uint32_t offset) const {
  if (offset >= end_) return 0;
  const auto after = std::ranges::upper_bound(runs_, offset, {}, &Run::begin);
  return after == runs_.begin() ? 0 : std::max(0, std::prev(after)->line);
}

}  // namespace gilspy::sample
