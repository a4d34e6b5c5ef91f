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

#include "dynamic_segment.h"
#include "gilspy/ids.h"

struct Elf;

namespace gilspy::locate {

class ElfFile {
 public:
  // `bytes` must outlive it. Nullopt when they are no ELF file of a program or library. `loaded_at`: the bytes were
  // copied from memory, where the file's first one is there.
  static std::optional<ElfFile> open(std::span<const std::byte> bytes,
                                     std::optional<RemoteAddr> loaded_at = std::nullopt);

  std::span<const Segment> segments() const { return segments_; }
  bool position_independent() const { return position_independent_; }
  bool is_64_bit() const { return is_64_bit_; }
  std::uint16_t machine() const { return machine_; }  // EM_X86_64, ...

  // Address of a symbol that the file defines for others, or at all (.symtab as well).
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
  std::optional<DynamicSegment> dynamic() const;
  std::optional<std::uint64_t> symbol_in(std::uint32_t section_type, std::string_view name) const;
  std::string_view string_at(std::size_t section, std::uint64_t offset) const;

  std::unique_ptr<Elf, EndElf> elf_;
  std::span<const std::byte> bytes_;
  std::optional<RemoteAddr> loaded_at_;
  bool position_independent_ = false;
  bool is_64_bit_ = false;
  std::uint16_t machine_ = 0;
  std::vector<Segment> segments_;
  std::optional<Segment> dynamic_;
  std::vector<Section> sections_;  // those whose bytes lie inside the file
};

}  // namespace gilspy::locate
