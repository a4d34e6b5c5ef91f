// Functions that the compiler put into others, by the debugging information of a file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "gilspy/target.h"

struct Dwarf;

namespace gilspy::native {

class ElfBytes;

class Inlines {
 public:
  // `file` has .debug_info.
  explicit Inlines(std::unique_ptr<FileBytes> file);
  ~Inlines();
  Inlines(const Inlines&) = delete;
  Inlines& operator=(const Inlines&) = delete;

  // Names of the functions that were inlined at this address of the file, innermost first; the one that they are in is
  // not among them.
  std::vector<std::string> at(std::uint64_t address);

 private:
  struct Inlined {
    std::uint64_t begin = 0, end = 0;
    int depth = 0;
    std::string name;
  };
  struct Function {
    std::uint64_t end = 0;
    std::uint64_t die = 0;  // its offset
    bool looked_into = false;
    std::vector<Inlined> inlined;
  };
  using Unit = std::map<std::uint64_t, Function>;  // by where they begin

  Unit* unit_at(std::uint64_t address);
  void look_into(Function& function);

  std::unique_ptr<FileBytes> file_;
  std::unique_ptr<ElfBytes> elf_;
  Dwarf* dwarf_ = nullptr;
  std::unordered_map<std::uint64_t, Unit> units_;  // by the offset of their DIE
};

}  // namespace gilspy::native
