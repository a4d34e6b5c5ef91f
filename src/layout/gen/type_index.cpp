#include "type_index.h"

#include <dwarf.h>
#include <fmt/format.h>

#include <fstream>
#include <sstream>

namespace gilspy::layout::gen {
namespace {

std::string name_of(Dwarf_Die die) {
  const char* name = dwarf_diename(&die);
  return name == nullptr ? "" : name;
}

int tag_of(Dwarf_Die die) { return dwarf_tag(&die); }
bool is_aggregate(int tag) { return tag == DW_TAG_structure_type || tag == DW_TAG_union_type; }

std::optional<std::uint64_t> number(Dwarf_Die die, unsigned attribute) {
  Dwarf_Attribute found;
  Dwarf_Word value = 0;
  if (dwarf_attr_integrate(&die, attribute, &found) == nullptr || dwarf_formudata(&found, &value) != 0) return {};
  return value;
}

std::optional<Dwarf_Die> type_of(Dwarf_Die die) {
  Dwarf_Attribute found;
  Dwarf_Die type;
  if (dwarf_attr_integrate(&die, DW_AT_type, &found) == nullptr || dwarf_formref_die(&found, &type) == nullptr) {
    return {};
  }
  return type;
}

// Bytes; DWARF 2 wrote an expression. Members of unions have no location.
std::uint64_t location_of(Dwarf_Die member) {
  if (const auto plain = number(member, DW_AT_data_member_location)) return *plain;
  Dwarf_Attribute found;
  Dwarf_Op* operations = nullptr;
  std::size_t count = 0;
  if (dwarf_attr(&member, DW_AT_data_member_location, &found) != nullptr &&
      dwarf_getlocation(&found, &operations, &count) == 0 && count == 1 && operations[0].atom == DW_OP_plus_uconst) {
    return operations[0].number;
  }
  return 0;
}

// The lowest bit of a bit-field from the start of its struct. Up to DWARF 3 bits were counted from the other end.
std::uint64_t first_bit(Dwarf_Die member, std::uint64_t storage_bytes) {
  if (const auto bit = number(member, DW_AT_data_bit_offset)) return *bit;
  const std::uint64_t start = 8 * location_of(member);
  const auto from_top = number(member, DW_AT_bit_offset);
  if (!from_top) return start;
  const std::uint64_t storage = number(member, DW_AT_byte_size).value_or(storage_bytes);
  return start + 8 * storage - *from_top - number(member, DW_AT_bit_size).value_or(0);
}

std::uint64_t size_of_type(Dwarf_Die type) {
  Dwarf_Word size = 0;
  return dwarf_aggregate_size(&type, &size) == 0 ? size : 0;
}

Result<std::string> contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream all;
  if (!file || !(all << file.rdbuf())) return fail(ErrorCode::kSystem, fmt::format("cannot read {}", path));
  return std::move(all).str();
}

}  // namespace

Result<TypeIndex> TypeIndex::open(const std::string& path) {
  TypeIndex types;
  GILSPY_TRY(types.image_, contents(path));
  elf_version(EV_CURRENT);
  types.elf_.reset(elf_memory(types.image_.data(), types.image_.size()));
  GElf_Ehdr header;
  if (gelf_getehdr(types.elf_.get(), &header) == nullptr) {
    return fail(ErrorCode::kNotPython, fmt::format("{} is not an ELF file", path));
  }
  if (header.e_type == ET_REL) {  // its names are relocations that nobody has applied
    return fail(ErrorCode::kNotPython, fmt::format("{} is an object file: link it first (cc -shared)", path));
  }
  types.dwarf_.reset(dwarf_begin_elf(types.elf_.get(), DWARF_C_READ, nullptr));
  if (types.dwarf_ == nullptr) {
    return fail(ErrorCode::kNotPython, fmt::format("{} has no debugging information", path));
  }
  types.index();
  if (types.aggregates_.empty()) return fail(ErrorCode::kNotPython, fmt::format("{} tells no types", path));
  return types;
}

void TypeIndex::index() {
  Dwarf_CU* unit = nullptr;
  Dwarf_Die die;
  while (dwarf_get_units(dwarf_.get(), unit, &unit, nullptr, nullptr, &die, nullptr) == 0) index_unit(die);
  for (const std::string& name : ambiguous_) aggregates_.erase(name);
}

void TypeIndex::index_unit(Dwarf_Die unit) {
  Dwarf_Die die;
  for (int more = dwarf_child(&unit, &die); more == 0; more = dwarf_siblingof(&die, &die)) {
    const int tag = dwarf_tag(&die);
    const std::string name = name_of(die);
    if (name.empty() || dwarf_hasattr_integrate(&die, DW_AT_declaration) != 0) continue;
    if (tag == DW_TAG_typedef) typedefs_.emplace(name, die);
    if (tag == DW_TAG_enumeration_type) enums_.emplace(name, die);
    if (is_aggregate(tag)) add_aggregate(name, die);
  }
}

void TypeIndex::add_aggregate(const std::string& name, Dwarf_Die definition) {
  const auto [place, is_new] = aggregates_.emplace(name, definition);
  if (!is_new && dwarf_bytesize(&place->second) != dwarf_bytesize(&definition)) ambiguous_.insert(name);
}

// Behind typedefs and qualifiers. A struct that this unit only declares is looked up among the others.
std::optional<Dwarf_Die> TypeIndex::peeled(Dwarf_Die of) const {
  Dwarf_Die type;
  if (dwarf_peel_type(&of, &type) != 0) return {};
  if (!is_aggregate(dwarf_tag(&type)) || dwarf_hasattr_integrate(&type, DW_AT_declaration) == 0) return type;
  const auto found = aggregates_.find(name_of(type));
  if (found == aggregates_.end()) return {};
  return found->second;
}

std::optional<Dwarf_Die> TypeIndex::aggregate(std::string_view name) const {
  const std::string key(name);
  if (const auto found = aggregates_.find(key); found != aggregates_.end()) return found->second;
  const auto alias = typedefs_.find(key);
  if (alias == typedefs_.end()) return {};
  const auto type = peeled(alias->second);
  return type && is_aggregate(tag_of(*type)) ? type : std::nullopt;
}

std::optional<Field> TypeIndex::member(Dwarf_Die of, std::string_view name, std::optional<Dwarf_Die>& type) const {
  Dwarf_Die die;
  for (int more = dwarf_child(&of, &die); more == 0; more = dwarf_siblingof(&die, &die)) {
    if (dwarf_tag(&die) != DW_TAG_member) continue;
    const auto declared = type_of(die);
    if (!declared) continue;
    if (name_of(die) == name) {
      const std::uint64_t bytes = size_of_type(*declared);
      const std::uint64_t bit = first_bit(die, bytes);
      type = peeled(*declared);
      return Field{static_cast<Offset>(bit / 8), static_cast<Offset>(bytes), static_cast<Offset>(bit),
                   name_of(*declared)};
    }
    const auto inner = peeled(*declared);
    if (!name_of(die).empty() || !inner) continue;
    if (auto field = member(*inner, name, type)) {
      field->offset += static_cast<Offset>(location_of(die));
      field->bit += static_cast<Offset>(8 * location_of(die));
      return field;
    }
  }
  return {};
}

std::optional<Field> TypeIndex::field(std::string_view type, std::string_view path) const {
  std::optional<Dwarf_Die> at = aggregate(type);
  Field sum;
  while (at) {
    const std::size_t dot = path.find('.');
    std::optional<Dwarf_Die> next;
    const auto found = member(*at, path.substr(0, dot), next);
    if (!found) return {};
    sum = {sum.offset + found->offset, found->size, 8 * sum.offset + found->bit, found->type};
    if (dot == std::string_view::npos) return sum;
    path.remove_prefix(dot + 1);
    at = next;
  }
  return {};
}

std::optional<Offset> TypeIndex::size(std::string_view type) const {
  const auto found = aggregate(type);
  if (!found) return {};
  return static_cast<Offset>(size_of_type(*found));
}

std::optional<std::vector<Enumerator>> TypeIndex::enumerators(std::string_view type) const {
  const auto found = enums_.find(std::string(type));
  if (found == enums_.end()) return {};
  std::vector<Enumerator> all;
  Dwarf_Die of = found->second;
  Dwarf_Die die;
  for (int more = dwarf_child(&of, &die); more == 0; more = dwarf_siblingof(&die, &die)) {
    if (dwarf_tag(&die) != DW_TAG_enumerator) continue;
    all.push_back({name_of(die), static_cast<std::int64_t>(number(die, DW_AT_const_value).value_or(0))});
  }
  return all;
}

}  // namespace gilspy::layout::gen
