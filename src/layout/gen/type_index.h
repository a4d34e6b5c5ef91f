// The types of a C program, as its debugging information (DWARF 2 to 5) tells them: where is a field, how large is a
// struct. One name may have many definitions, one a compilation unit; a name with definitions of two sizes is as good
// as none.
#pragma once

#include <elfutils/libdw.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "gilspy/layout.h"
#include "gilspy/result.h"

namespace gilspy::layout::gen {

struct Field {
  Offset offset = 0;  // bytes from the start of the outermost struct
  Offset size = 0;    // of the field's type; 0 for a flexible array
  Offset bit = 0;     // a bit-field's lowest bit, from the start of the outermost struct
  std::string type;   // name of its type, "" where it has none (pointers, arrays)

  Offset end() const { return offset + size; }
};

struct Enumerator {
  std::string name;
  std::int64_t value = 0;
};

class TypeIndex {
 public:
  // Errors: kNotPython when the file has no types to tell; kSystem.
  static Result<TypeIndex> open(const std::string& path);

  // `type` is a struct's or union's tag, or a typedef of one; fields of anonymous members count as the outer struct's.
  std::optional<Field> field(std::string_view type, std::string_view path) const;  // "threads.head"
  std::optional<Offset> size(std::string_view type) const;
  std::optional<std::vector<Enumerator>> enumerators(std::string_view type) const;
  bool has(std::string_view type) const { return size(type).has_value(); }

 private:
  struct ElfEnd {
    void operator()(Elf* elf) const { elf_end(elf); }
  };
  struct DwarfEnd {
    void operator()(Dwarf* dwarf) const { dwarf_end(dwarf); }
  };

  void index();
  void index_unit(Dwarf_Die unit);
  void add_aggregate(const std::string& name, Dwarf_Die definition);
  std::optional<Dwarf_Die> aggregate(std::string_view name) const;
  std::optional<Dwarf_Die> peeled(Dwarf_Die of) const;
  std::optional<Field> member(Dwarf_Die of, std::string_view name, std::optional<Dwarf_Die>& type) const;

  std::string image_;
  std::unique_ptr<Elf, ElfEnd> elf_;
  std::unique_ptr<Dwarf, DwarfEnd> dwarf_;
  std::unordered_map<std::string, Dwarf_Die> aggregates_;  // definitions, by tag
  std::unordered_set<std::string> ambiguous_;
  std::unordered_map<std::string, Dwarf_Die> enums_;
  std::unordered_map<std::string, Dwarf_Die> typedefs_;
};

}  // namespace gilspy::layout::gen
