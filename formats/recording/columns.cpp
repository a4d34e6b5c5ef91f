#include "columns.h"

#include <algorithm>
#include <utility>

namespace gilspy::recording {
namespace {

constexpr int kLongestVarint = 10;

// Those that bound how many rows a block can have: they are never left out.
bool is_required(Kind kind) {
  switch (kind) {
    case wire::TICK_TIME:
    case wire::GIL_SHAPE:
    case wire::STARTED_INDEX:
    case wire::FACT_THREAD:
    case wire::NODE_PARENT: return true;
    default: return false;
  }
}

bool all_zero(const std::string& values) {
  return std::ranges::all_of(values, [](char c) { return c == 0; });
}

}  // namespace

void put_varint(std::string& to, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) to.push_back(static_cast<char>((value & 0x7f) | 0x80));
  to.push_back(static_cast<char>(value));
}

std::optional<std::uint64_t> take_varint(std::string_view& from) {
  std::uint64_t value = 0;
  for (int i = 0; i < kLongestVarint && static_cast<std::size_t>(i) < from.size(); ++i) {
    const auto byte = static_cast<unsigned char>(from[static_cast<std::size_t>(i)]);
    if (i == kLongestVarint - 1 && byte > 1) return std::nullopt;  // more than 64 bits
    value |= std::uint64_t{byte & 0x7fU} << (7 * i);
    if ((byte & 0x80U) != 0) continue;
    from.remove_prefix(static_cast<std::size_t>(i) + 1);
    return value;
  }
  return std::nullopt;
}

void ColumnWriter::text(Kind kind, const std::string& value) {
  put(column(kind), value.size());
  column(kind) += value;
  bytes_ += value.size();
}

void ColumnWriter::end_run(Kind kind) {
  Run& run = runs_[static_cast<std::size_t>(kind)];
  put(column(kind), run.value);
  put(column(kind), run.length);
  run = {};
}

std::array<std::string, kKinds> ColumnWriter::take() {
  for (std::size_t i = 0; i < kKinds; ++i) {
    const auto kind = static_cast<Kind>(i);
    const bool is_runs = runs_[i].length > 0;
    const bool only_zeros = columns_[i].empty() ? runs_[i].value == 0 : !is_runs && all_zero(columns_[i]);
    if (only_zeros && !is_required(kind)) {
      columns_[i].clear();
      runs_[i] = {};
    } else if (is_runs) {
      end_run(kind);
    }
  }
  bytes_ = 0;
  return std::exchange(columns_, {});
}

ColumnReader::ColumnReader(const wire::Block& block) {
  for (const wire::Column& column : block.columns()) {
    const auto kind = static_cast<std::size_t>(column.kind());
    if (kind >= kKinds) continue;  // of a later gilspy
    columns_[kind].rest = column.values();
    columns_[kind].present = true;
  }
}

std::uint64_t ColumnReader::next(Kind kind) {
  Column& column = columns_[static_cast<std::size_t>(kind)];
  if (!column.present) {
    accept(!is_required(kind));
    return 0;
  }
  const auto value = ok_ ? take_varint(column.rest) : std::nullopt;
  accept(value.has_value());
  return value.value_or(0);
}

std::uint64_t ColumnReader::next_of_run(Kind kind) {
  Column& column = columns_[static_cast<std::size_t>(kind)];
  if (!column.present) return 0;
  if (column.left == 0) {
    const auto value = ok_ ? take_varint(column.rest) : std::nullopt;
    const auto length = value ? take_varint(column.rest) : std::nullopt;
    accept(length.value_or(0) > 0);
    if (!ok_) return 0;
    column.value = *value;
    column.left = *length;
  }
  --column.left;
  return column.value;
}

void ColumnReader::text(Kind kind, std::string& value) {
  Column& column = columns_[static_cast<std::size_t>(kind)];
  const std::uint64_t size = next(kind);
  accept(size <= column.rest.size());
  if (!ok_) return;
  value.assign(column.rest.substr(0, size));
  column.rest.remove_prefix(size);
}

bool ColumnReader::exhausted() const {
  return std::ranges::all_of(columns_, [](const Column& column) { return column.rest.empty() && column.left == 0; });
}

}  // namespace gilspy::recording
