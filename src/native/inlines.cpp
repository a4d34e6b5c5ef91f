#include "inlines.h"

#include <dwarf.h>
#include <elfutils/libdw.h>

#include <algorithm>

#include "demangle.h"
#include "elf_bytes.h"

namespace gilspy::native {
namespace {

constexpr int kDeepest = 64;                  // inlined functions in each other
constexpr std::size_t kMostInlined = 20'000;  // in one function

template <typename With>
void each_child(Dwarf_Die& parent, With with) {
  Dwarf_Die child{};
  for (int found = ::dwarf_child(&parent, &child); found == 0; found = ::dwarf_siblingof(&child, &child)) with(child);
}

template <typename With>
void each_range(Dwarf_Die& die, With with) {
  Dwarf_Addr base = 0, begin = 0, end = 0;
  for (std::ptrdiff_t at = 0; (at = ::dwarf_ranges(&die, at, &base, &begin, &end)) > 0;) with(begin, end);
}

std::string name_of(Dwarf_Die& die) {
  Dwarf_Attribute attribute{};
  for (const unsigned name : {DW_AT_linkage_name, DW_AT_MIPS_linkage_name}) {
    if (::dwarf_attr_integrate(&die, name, &attribute) == nullptr) continue;
    if (const char* const text = ::dwarf_formstring(&attribute)) return demangled(text);
  }
  const char* const text = ::dwarf_diename(&die);
  return text == nullptr ? std::string() : std::string(text);
}

// Blocks do not count, nor do functions of other places that are only declared here.
template <typename Found>
void walk(Dwarf_Die& die, int depth, std::size_t& left, Found found) {
  if (depth > kDeepest || left == 0) return;
  each_child(die, [&](Dwarf_Die& child) {
    const int tag = ::dwarf_tag(&child);
    if (tag == DW_TAG_inlined_subroutine) {
      if (left == 0) return;
      --left;
      found(child, depth);
      walk(child, depth + 1, left, found);
    } else if (tag == DW_TAG_lexical_block) {
      walk(child, depth, left, found);
    }
  });
}

// Functions can stand in namespaces and classes.
template <typename Found>
void each_function(Dwarf_Die& parent, int depth, Found found) {
  each_child(parent, [&](Dwarf_Die& child) {
    const int tag = ::dwarf_tag(&child);
    if (tag == DW_TAG_subprogram) return found(child);
    const bool has_some = tag == DW_TAG_namespace || tag == DW_TAG_class_type || tag == DW_TAG_structure_type;
    if (has_some && depth < kDeepest) each_function(child, depth + 1, found);
  });
}

}  // namespace

Inlines::Inlines(std::unique_ptr<FileBytes> file)
    : file_(std::move(file)), elf_(std::make_unique<ElfBytes>(file_->bytes())) {
  if (elf_->get() != nullptr) dwarf_ = ::dwarf_begin_elf(elf_->get(), DWARF_C_READ, nullptr);
}

Inlines::~Inlines() {
  if (dwarf_ != nullptr) ::dwarf_end(dwarf_);
}

// Units say where their functions are (.debug_aranges); each is looked through once.
Inlines::Unit* Inlines::unit_at(std::uint64_t address) {
  Dwarf_Die unit{};
  if (dwarf_ == nullptr || ::dwarf_addrdie(dwarf_, address, &unit) == nullptr) return nullptr;
  const auto [entry, is_new] = units_.try_emplace(::dwarf_dieoffset(&unit));
  Unit& functions = entry->second;
  if (!is_new) return &functions;
  each_function(unit, 0, [&](Dwarf_Die& function) {
    const std::uint64_t die = ::dwarf_dieoffset(&function);
    each_range(function, [&](std::uint64_t begin, std::uint64_t end) {
      Function& known = functions[begin];
      known.end = end;
      known.die = die;
    });
  });
  return &functions;
}

void Inlines::look_into(Function& function) {
  function.looked_into = true;
  Dwarf_Die die{};
  if (::dwarf_offdie(dwarf_, function.die, &die) == nullptr) return;
  std::size_t left = kMostInlined;
  walk(die, 0, left, [&](Dwarf_Die& inlined, int depth) {
    std::string name = name_of(inlined);
    if (name.empty()) return;
    each_range(inlined, [&](std::uint64_t begin, std::uint64_t end) {
      function.inlined.push_back({begin, end, depth, name});
    });
  });
}

std::vector<std::string> Inlines::at(std::uint64_t address) {
  Unit* const unit = unit_at(address);
  if (unit == nullptr) return {};
  auto after = unit->upper_bound(address);
  if (after == unit->begin()) return {};
  Function& function = std::prev(after)->second;
  if (address >= function.end) return {};
  if (!function.looked_into) look_into(function);
  std::vector<const Inlined*> here;
  for (const Inlined& inlined : function.inlined) {
    if (inlined.begin <= address && address < inlined.end) here.push_back(&inlined);
  }
  std::ranges::stable_sort(here, std::ranges::greater{}, &Inlined::depth);
  std::vector<std::string> names;
  for (const Inlined* const inlined : here) names.push_back(inlined->name);
  return names;
}

}  // namespace gilspy::native
