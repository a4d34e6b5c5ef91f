// The few things that we ask an ELF file. libelf reads the headers, but no offset or size from the file is followed
// before it is known to lie inside: files of other people's processes may be damaged.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

struct Elf;

namespace gilspy::locate {

// A PT_LOAD segment: file bytes [offset, offset + file_size) are seen at `address` (before the load bias).
struct Segment {
  std::uint64_t offset = 0;
  std::uint64_t file_size = 0;
  std::uint64_t address = 0;
  std::uint64_t memory_size = 0;
};

class ElfFile {
 public:
  // `bytes` must outlive it. Nullopt when they are no ELF file of a program or library.
  static std::optional<ElfFile> open(std::span<const std::byte> bytes);

  std::span<const Segment> segments() const { return segments_; }
  bool position_independent() const { return position_independent_; }

  // Address of a symbol that the file defines for others (.dynsym), or at all (.symtab).
  std::optional<std::uint64_t> exported_symbol(std::string_view name) const;
  std::optional<std::uint64_t> any_symbol(std::string_view name) const;
  std::optional<std::uint64_t> section_address(std::string_view name) const;
  // Does it ask the dynamic linker for a library whose name starts like this?
  bool needs(std::string_view library) const;

 private:
  struct EndElf {
    void operator()(Elf* elf) const;
  };
  struct Section {
    std::size_t index = 0;
    std::uint64_t name_offset = 0;
    std::string_view name;
    std::uint32_t type = 0;
    std::uint32_t link = 0;
    std::uint64_t address = 0;
  };

  void read_segments();
  void read_sections();
  std::optional<std::uint64_t> symbol_in(std::uint32_t section_type, std::string_view name) const;
  std::string_view string_at(std::size_t section, std::uint64_t offset) const;

  std::unique_ptr<Elf, EndElf> elf_;
  std::uint64_t size_ = 0;
  bool position_independent_ = false;
  std::vector<Segment> segments_;
  std::vector<Section> sections_;  // those whose bytes lie inside the file
};

}  // namespace gilspy::locate
