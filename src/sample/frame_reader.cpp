#include "frame_reader.h"

#include <algorithm>
#include <optional>

#include "gilspy/memory.h"
#include "objects.h"

namespace gilspy::sample {
namespace {

constexpr std::uint32_t kMostSlots = 4096;  // of a frame: more are garbage
constexpr std::size_t kLargestTable = 1U << 20;
constexpr int kMostBlocks = 20;  // CO_MAXBLOCKS
constexpr std::size_t kBlockSize = 12;
constexpr std::size_t kBlockLevel = 8;  // PyTryBlock: int b_type, b_handler, b_level

// Numbers of 6 bits a byte, the highest first; bit 6 says that more follow, bit 7 that a row begins.
std::optional<std::uint32_t> take_number(std::span<const std::byte>& table) {
  std::uint32_t number = 0;
  for (int digits = 0; digits < 5 && !table.empty(); ++digits) {
    const auto byte = std::to_integer<std::uint32_t>(table.front());
    table = table.subspan(1);
    number = (number << 6) | (byte & 0x3f);
    if ((byte & 0x40) == 0) return number;
  }
  return std::nullopt;
}

}  // namespace

std::vector<Variable> FrameReader::variables(const FramePlace& place) {
  std::vector<Variable> found;
  const auto all = slots(place);
  if (!all.has_value()) return found;
  for (const Slot& slot : all->slots) {
    if (!slot.value.is_null()) found.push_back({name_of(place, slot), slot.value});
  }
  return found;
}

std::optional<FrameSlots> FrameReader::slots(const FramePlace& place) {
  const Facts* const facts = facts_of(place.code);
  if (facts == nullptr) return std::nullopt;
  const std::vector<RemoteAddr> values = pointers(place.frame + layout_.variables.locals, facts->names.size());
  if (values.size() != facts->names.size()) return std::nullopt;
  FrameSlots found;
  for (std::size_t i = 0; i < values.size(); ++i) {
    Slot slot{values[i], static_cast<std::uint32_t>(i)};
    if (!slot.value.is_null() && facts->may_be_cell(i) && is_cell(slot.value)) {
      slot.value = read_pointer(memory_, slot.value + layout_.object.var_size).value_or(RemoteAddr{});
    }
    slot.argument = i < facts->arguments;
    if (facts->twins[i] < found.slots.size()) {
      found.slots[facts->twins[i]].value = slot.value;
    } else {
      found.slots.push_back(slot);
    }
  }
  if (facts->is_function) return found;
  found.mapping = read_pointer(memory_, place.frame + layout_.variables.mapping).value_or(RemoteAddr{});
  found.scope = found.mapping == globals(place) ? Scope::kModule : Scope::kMapping;
  return found;
}

const std::string& FrameReader::name_of(const FramePlace& place, const Slot& slot) {
  static const std::string kNone;
  const Facts* const facts = facts_of(place.code);
  return facts != nullptr && slot.name < facts->names.size() ? facts->names[slot.name] : kNone;
}

// A variable can hold a cell as any other object.
bool FrameReader::Facts::may_be_cell(std::size_t slot) const {
  constexpr std::byte kCellOrFree{0xc0};  // CO_FAST_CELL, CO_FAST_FREE (pycore_code.h)
  if (slot < kinds.size()) return (kinds[slot] & kCellOrFree) != std::byte{0};
  return slot >= first_cell;
}

bool FrameReader::find_variables(const FramePlace& place, std::span<const std::string_view> names,
                                 std::span<RemoteAddr> values) {
  const Facts* const facts = facts_of(place.code);
  if (facts == nullptr) return false;
  const std::vector<RemoteAddr> slots = pointers(place.frame + layout_.variables.locals, facts->names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto name = std::ranges::find(facts->names, names[i]);
    const auto slot = static_cast<std::size_t>(name - facts->names.begin());
    if (slot >= slots.size()) return false;
    values[i] = slots[slot];
  }
  return true;
}

std::vector<RemoteAddr> FrameReader::kept_for_handlers(const FramePlace& place) {
  const Facts* const facts = facts_of(place.code);
  if (facts == nullptr) return {};
  const std::uint32_t depth = depth_of_handlers(place, *facts);
  return depth == 0 ? std::vector<RemoteAddr>{} : pointers(value_stack_of(place, *facts), depth);
}

std::vector<RemoteAddr> FrameReader::value_stack(const FramePlace& place) {
  const Facts* const facts = facts_of(place.code);
  if (facts == nullptr) return {};
  return pointers(value_stack_of(place, *facts), facts->stack_size);
}

std::vector<RemoteAddr> FrameReader::last_values(const FramePlace& place, std::size_t count) {
  const Facts* const facts = facts_of(place.code);
  if (facts == nullptr) return {};
  const RemoteAddr end = end_of_stack(place, *facts), begin = value_stack_of(place, *facts);
  if (end.is_null() || begin.is_null() || end <= begin) return {};
  const std::uint64_t held = std::min<std::uint64_t>((end.value() - begin.value()) / 8, kMostSlots);
  count = std::min<std::size_t>(count, held);
  std::vector<RemoteAddr> values = pointers(end - 8 * count, count);
  std::ranges::reverse(values);
  return values;
}

RemoteAddr FrameReader::end_of_stack(const FramePlace& place, const Facts& facts) {
  if (layout_.frame.stacktop != kAbsent) {  // counts from the first local variable
    const auto words = read_value<std::int32_t>(memory_, place.frame + layout_.frame.stacktop);
    if (!words.has_value() || *words <= 0) return {};
    return place.frame + layout_.variables.locals + 8 * static_cast<std::uint64_t>(*words);
  }
  if (layout_.variables.stack_top == kAbsent) return {};
  if (layout_.frame_root == FrameRoot::kFrameObjects && layout_.code.lasti_unit == 2) {  // 3.10
    const auto depth = read_value<std::int32_t>(memory_, place.frame + layout_.variables.stack_top);
    if (!depth.has_value() || *depth <= 0) return {};
    return value_stack_of(place, facts) + 8 * static_cast<std::uint64_t>(*depth);
  }
  return read_pointer(memory_, place.frame + layout_.variables.stack_top).value_or(RemoteAddr{});
}

RemoteAddr FrameReader::globals(const FramePlace& place) {
  return read_pointer(memory_, place.frame + layout_.variables.globals).value_or(RemoteAddr{});
}

RemoteAddr FrameReader::value_stack_of(const FramePlace& place, const Facts& facts) {
  if (layout_.variables.value_stack == kAbsent)
    return place.frame + layout_.variables.locals + std::uint64_t{facts.locals} * 8;
  return read_pointer(memory_, place.frame + layout_.variables.value_stack).value_or(RemoteAddr{});
}

// How much of the value stack the handlers of the present instruction find there.
std::uint32_t FrameReader::depth_of_handlers(const FramePlace& place, const Facts& facts) {
  if (layout_.variables.blocks == kAbsent) {
    const auto offset = codes_.unit_of(place.code, place.instruction);
    if (!offset.has_value()) return 0;
    const auto covers = [&](const Handlers& row) { return row.begin <= *offset && *offset < row.end; };
    const auto row = std::ranges::find_if(facts.handlers, covers);
    return row == facts.handlers.end() ? 0 : std::min(row->depth, facts.stack_size);
  }
  const auto blocks = read_value<std::int32_t>(memory_, place.frame + layout_.variables.block_count);
  if (!blocks.has_value() || *blocks <= 0 || *blocks > kMostBlocks) return 0;
  const std::uint64_t innermost = static_cast<std::uint64_t>(*blocks - 1) * kBlockSize + kBlockLevel;
  const auto level = read_value<std::int32_t>(memory_, place.frame + layout_.variables.blocks + innermost);
  if (!level.has_value() || *level <= 0) return 0;
  return std::min(static_cast<std::uint32_t>(*level), facts.stack_size);
}

std::vector<RemoteAddr> FrameReader::pointers(RemoteAddr first, std::size_t count) {
  std::vector<RemoteAddr> found;
  std::vector<std::byte> bytes(std::min<std::size_t>(count, kMostSlots) * 8);
  if (first.is_null() || bytes.empty() || !read_exact(memory_, first, bytes).has_value()) return found;
  for (std::size_t at = 0; at < bytes.size(); at += 8) {
    const auto word = StructView(bytes).get<std::uint64_t>(at);
    found.emplace_back(word & ~layout_.frame.pointer_tag_mask);
  }
  return found;
}

bool FrameReader::is_cell(RemoteAddr object) {
  const auto type = read_pointer(memory_, object + layout_.object.type);
  if (!type.has_value()) return false;
  if (!cell_type_.is_null()) return *type == cell_type_;
  const auto name = read_type_name(memory_, layout_, object);
  if (!name.has_value() || *name != "cell") return false;
  cell_type_ = *type;
  return true;
}

const FrameReader::Facts* FrameReader::facts_of(RemoteAddr code) {
  if (codes_.replaced() != known_with_) facts_.clear();
  known_with_ = codes_.replaced();
  auto known = facts_.find(code);
  if (known == facts_.end()) known = facts_.emplace(code, read_facts(code)).first;
  return &known->second;
}

FrameReader::Facts FrameReader::read_facts(RemoteAddr code) {
  Facts facts;
  add_names(code, layout_.code.local_names, facts.names);
  if (layout_.code.cell_names != kAbsent) facts.first_cell = static_cast<std::uint32_t>(facts.names.size());
  add_names(code, layout_.code.cell_names, facts.names);
  add_names(code, layout_.code.free_names, facts.names);
  facts.locals = static_cast<std::uint32_t>(facts.names.size());
  read_signature(code, facts);
  find_twins(facts);
  const auto stack_size = read_value<std::int32_t>(memory_, code + layout_.code.stacksize);
  if (stack_size.has_value() && *stack_size > 0) {
    facts.stack_size = std::min(static_cast<std::uint32_t>(*stack_size), kMostSlots);
  }
  if (layout_.code.exception_table == kAbsent) return facts;
  const auto table = read_pointer(memory_, code + layout_.code.exception_table);
  if (!table.has_value()) return facts;
  const auto bytes = read_bytes(memory_, layout_, *table, kLargestTable);
  if (bytes.has_value()) facts.handlers = read_handlers(*bytes);
  return facts;
}

void FrameReader::read_signature(RemoteAddr code, Facts& facts) {
  constexpr std::uint32_t kOptimized = 1, kVarArgs = 4, kVarKeywords = 8;  // CO_* of code.h
  const auto flags = read_value<std::uint32_t>(memory_, code + layout_.code.flags).value_or(kOptimized);
  const auto count = [&](Offset field) {
    return std::min(read_value<std::uint32_t>(memory_, code + field).value_or(0), kMostSlots);
  };
  facts.is_function = (flags & kOptimized) != 0;
  facts.arguments = count(layout_.code.arguments) + count(layout_.code.keyword_only) +
                    ((flags & kVarArgs) != 0 ? 1 : 0) + ((flags & kVarKeywords) != 0 ? 1 : 0);
  if (layout_.code.local_kinds == kAbsent) return;
  const auto kinds = read_pointer(memory_, code + layout_.code.local_kinds);
  if (kinds.has_value()) facts.kinds = read_bytes(memory_, layout_, *kinds, kMostSlots).value_or(facts.kinds);
}

void FrameReader::find_twins(Facts& facts) {
  for (std::size_t i = 0; i < facts.names.size(); ++i) {
    facts.twins.push_back(static_cast<std::uint32_t>(i));
    if (facts.first_cell == 0 || i < facts.first_cell) continue;
    const auto arguments = std::span(facts.names).first(std::min(facts.arguments, facts.first_cell));
    const auto twin = std::ranges::find(arguments, facts.names[i]);
    if (twin != arguments.end()) facts.twins.back() = static_cast<std::uint32_t>(twin - arguments.begin());
  }
}

void FrameReader::add_names(RemoteAddr code, Offset field, std::vector<std::string>& names) {
  if (field == kAbsent) return;
  const auto tuple = read_pointer(memory_, code + field);
  if (!tuple.has_value()) return;
  const auto size = read_value<std::uint64_t>(memory_, *tuple + layout_.object.var_size);
  if (!size.has_value() || *size > kMostSlots) return;
  for (const RemoteAddr name : pointers(*tuple + layout_.object.tuple_items, *size)) {
    names.push_back(read_str(memory_, layout_, name).value_or(""));
  }
}

// The rows of the inner handlers come where their code is; rows do not overlap.
std::vector<FrameReader::Handlers> FrameReader::read_handlers(std::span<const std::byte> table) {
  std::vector<Handlers> rows;
  while (!table.empty()) {
    const auto begin = take_number(table), size = take_number(table), target = take_number(table),
               depth = take_number(table);
    if (!begin || !size || !target || !depth) break;
    rows.push_back({*begin, *begin + *size, *depth >> 1});
  }
  return rows;
}

}  // namespace gilspy::sample
