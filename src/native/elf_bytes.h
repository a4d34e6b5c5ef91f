// An ELF file in memory, as libelf reads it. Damaged ones give less, never more.
#pragma once

#include <gelf.h>
#include <libelf.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace gilspy::native {

class ElfBytes {
 public:
  // `bytes` must outlive it.
  explicit ElfBytes(std::span<const std::byte> bytes) : bytes_(bytes) {
    if (::elf_version(EV_CURRENT) == EV_NONE) return;
    // libelf takes a char*, and does not write to what it was not told to change.
    auto* const image = const_cast<char*>(reinterpret_cast<const char*>(bytes.data()));
    elf_.reset(::elf_memory(image, bytes.size()));
    if (elf_ && ::elf_kind(elf_.get()) != ELF_K_ELF) elf_.reset();
  }

  Elf* get() const { return elf_.get(); }

  // Calls `with(header, section)` for each section of which all bytes are there.
  template <typename With>
  void each_section(With with) const {
    if (!elf_) return;
    for (Elf_Scn* section = nullptr; (section = ::elf_nextscn(elf_.get(), section)) != nullptr;) {
      GElf_Shdr header{};
      if (::gelf_getshdr(section, &header) == nullptr || header.sh_type == SHT_NOBITS) continue;
      if (header.sh_offset > bytes_.size() || header.sh_size > bytes_.size() - header.sh_offset) continue;
      with(header, section);
    }
  }

  std::string_view name_of(const GElf_Shdr& header) const {
    std::size_t names = 0;
    if (::elf_getshdrstrndx(elf_.get(), &names) != 0) return {};
    const char* const name = ::elf_strptr(elf_.get(), names, header.sh_name);
    return name == nullptr ? std::string_view() : std::string_view(name);
  }

  // Of a section that is not compressed.
  std::span<const std::byte> bytes_of(const GElf_Shdr& header) const {
    return bytes_.subspan(header.sh_offset, header.sh_size);
  }

 private:
  struct EndElf {
    void operator()(Elf* elf) const { ::elf_end(elf); }
  };
  std::span<const std::byte> bytes_;
  std::unique_ptr<Elf, EndElf> elf_;
};

}  // namespace gilspy::native
