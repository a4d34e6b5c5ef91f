// The functions of an ELF file by its own symbols.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gilspy::native {

class ElfBytes;

struct Symbol {
  std::uint64_t address = 0;  // in the file
  std::uint64_t size = 0;
  std::string_view name;  // as the linker knows it
};

class SymbolTable {
 public:
  // Adds what the file has, .symtab or else .dynsym; damaged files have less. The bytes are not needed any more
  // afterwards.
  void add(std::span<const std::byte> elf);
  bool has_local_ones() const { return has_local_ones_; }  // the file was not stripped

  // Whether it lies in a table of jumps to other files (.plt and its like).
  bool is_jump(std::uint64_t address) const;
  // The function that has this address. A symbol does not tell what lies behind its end.
  std::optional<Symbol> find(std::uint64_t address) const;

 private:
  struct Row {
    std::uint64_t address = 0, size = 0;
    std::uint64_t section_end = 0;  // 0: not known
    std::uint32_t name = 0;
  };
  void sort();

  struct Range {
    std::uint64_t begin = 0, end = 0;
  };
  void add_jumps(const ElfBytes& elf);

  std::vector<Row> rows_;  // by address, none twice
  std::vector<Range> jumps_;
  std::string names_;  // each ends with a NUL
  bool has_local_ones_ = false;
};

}  // namespace gilspy::native
