#include "table.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "rules.h"

namespace gilspy::layout::gen {
namespace {

std::optional<Field> look_up(const TypeIndex& types, const Place& place) {
  if (place.type.empty()) return {};
  if (!place.path.empty()) return types.field(place.type, place.path);
  const auto size = types.size(place.type);
  if (!size) return {};
  return Field{.offset = *size, .size = 0, .bit = 0, .type = {}};
}

std::optional<Field> look_up(const TypeIndex& types, const FieldRule& rule) {
  for (const Place& place : rule.places) {
    if (auto found = look_up(types, place)) return found;
  }
  return rule.zero_when_absent ? std::optional<Field>(Field{}) : std::nullopt;
}

constexpr Offset rounded_up(Offset size) { return (size + 7) / 8 * 8; }

// Up to the end of the last field of a part that is read: less to copy than the whole struct.
Offset end_of(const std::vector<FoundField>& fields, std::string_view part) {
  Offset end = 0;
  for (const FoundField& field : fields) {
    if (field.field.starts_with(part)) end = std::max(end, field.offset + field.size);
  }
  return rounded_up(end);
}

Result<std::vector<FoundField>> fields_of(const TypeIndex& types, const Shape& shape) {
  std::vector<FoundField> fields;
  std::string missing;
  for (const FieldRule& rule : field_rules()) {
    const auto found = look_up(types, rule);
    if (found) {
      fields.push_back({rule.field, found->offset, found->size});
    } else if (rule.needed(shape)) {
      missing += fmt::format("{}{} ({}.{})", missing.empty() ? "" : ", ", rule.field, rule.places[0].type,
                             rule.places[0].path);
    }
  }
  if (missing.empty()) return fields;
  return fail(ErrorCode::kUnsupported, fmt::format("no debugging information for {}", missing));
}

void add_sizes(const TypeIndex& types, const Shape& shape, std::vector<FoundField>& fields) {
  const Offset thread = end_of(fields, "thread.");
  const auto locals = types.field("_PyInterpreterFrame", "localsplus");
  const Offset frame = shape.has_data_stack() && locals ? locals->offset : end_of(fields, "frame.");
  const auto before = [&](std::string_view part) {
    return std::ranges::find_if(fields, [&](const FoundField& field) { return field.field.starts_with(part); });
  };
  fields.insert(before("thread."), {"thread.size", thread, 0});
  fields.insert(before("frame."), {"frame.size", frame, 0});
}

const FoundField* find(const std::vector<FoundField>& fields, std::string_view name) {
  const auto found = std::ranges::find(fields, name, &FoundField::field);
  return found == fields.end() ? nullptr : &*found;
}

std::vector<FoundSlot> slots_of(const TypeIndex& types, const std::vector<FoundField>& fields) {
  std::vector<FoundSlot> slots;
  for (const SlotRule& rule : slot_rules()) {
    const FoundField* field = find(fields, rule.field);
    const auto slot = types.field("_Py_DebugOffsets", rule.slot);
    if (field == nullptr || !slot) continue;
    if (std::ranges::find(slots, rule.field, &FoundSlot::field) != slots.end()) continue;
    const auto told = look_up(types, rule.neighbour);
    const std::int64_t distance = told ? std::int64_t{field->offset} - told->offset : 0;
    slots.push_back({rule.field, slot->offset, distance});
  }
  return slots;
}

Result<Offset> shift_of(const TypeIndex& types, std::string_view name) {
  const auto state = types.field("PyASCIIObject", "state");
  const auto bits = types.field("PyASCIIObject", fmt::format("state.{}", name));
  if (!state || !bits) return fail(ErrorCode::kUnsupported, fmt::format("no PyASCIIObject.state.{}", name));
  return bits->bit - 8 * state->offset;
}

}  // namespace

Result<Table> table_of(const TypeIndex& types) {
  Table table;
  GILSPY_TRY(table.shape, shape_of(types));
  GILSPY_TRY(table.fields, fields_of(types, table.shape));
  add_sizes(types, table.shape, table.fields);
  table.slots = slots_of(types, table.fields);
  GILSPY_TRY(table.kind_shift, shift_of(types, "kind"));
  GILSPY_TRY(table.compact_shift, shift_of(types, "compact"));
  GILSPY_TRY(table.ascii_shift, shift_of(types, "ascii"));
  return table;
}

}  // namespace gilspy::layout::gen
