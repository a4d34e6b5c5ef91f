#include "elf_file.h"

#include <gelf.h>
#include <libelf.h>

#include <algorithm>

namespace gilspy::locate {
namespace {

bool inside(std::uint64_t offset, std::uint64_t size, std::uint64_t file_size) {
  return offset <= file_size && size <= file_size - offset;
}

std::size_t entries(const Elf_Data& data, std::size_t entry_size) { return data.d_size / entry_size; }

}  // namespace

void ElfFile::EndElf::operator()(Elf* elf) const { ::elf_end(elf); }

std::optional<ElfFile> ElfFile::open(std::span<const std::byte> bytes, std::optional<RemoteAddr> loaded_at) {
  if (::elf_version(EV_CURRENT) == EV_NONE) return std::nullopt;
  ElfFile file;
  file.bytes_ = bytes;
  file.loaded_at_ = loaded_at;
  // libelf takes a char*, and does not write to what it was not told to change.
  auto* image = const_cast<char*>(reinterpret_cast<const char*>(bytes.data()));
  file.elf_.reset(::elf_memory(image, bytes.size()));
  GElf_Ehdr header{};
  if (!file.elf_ || ::elf_kind(file.elf_.get()) != ELF_K_ELF) return std::nullopt;
  if (::gelf_getehdr(file.elf_.get(), &header) == nullptr) return std::nullopt;
  if (header.e_type != ET_EXEC && header.e_type != ET_DYN) return std::nullopt;
  file.position_independent_ = header.e_type == ET_DYN;
  file.is_64_bit_ = header.e_ident[EI_CLASS] == ELFCLASS64;
  file.machine_ = header.e_machine;
  file.read_segments();
  file.read_sections();
  return file;
}

void ElfFile::read_segments() {
  std::size_t count = 0;
  if (::elf_getphdrnum(elf_.get(), &count) != 0) return;
  count = std::min<std::size_t>(count, bytes_.size() / sizeof(Elf64_Phdr));
  for (std::size_t i = 0; i < count; ++i) {
    GElf_Phdr header{};
    if (::gelf_getphdr(elf_.get(), static_cast<int>(i), &header) == nullptr) return;
    if (!inside(header.p_offset, header.p_filesz, bytes_.size())) continue;
    const Segment segment{header.p_offset, header.p_filesz, header.p_vaddr, header.p_memsz};
    if (header.p_type == PT_LOAD) segments_.push_back(segment);
    if (header.p_type == PT_DYNAMIC) dynamic_ = segment;
  }
}

void ElfFile::read_sections() {
  std::size_t names = 0;
  if (::elf_getshdrstrndx(elf_.get(), &names) != 0) return;
  for (Elf_Scn* section = nullptr; (section = ::elf_nextscn(elf_.get(), section)) != nullptr;) {
    GElf_Shdr header{};
    if (::gelf_getshdr(section, &header) == nullptr) continue;
    if (header.sh_type != SHT_NOBITS && !inside(header.sh_offset, header.sh_size, bytes_.size())) continue;
    sections_.push_back({::elf_ndxscn(section), header.sh_name, {}, header.sh_type, header.sh_link, header.sh_addr});
  }
  for (Section& section : sections_) section.name = string_at(names, section.name_offset);
}

std::string_view ElfFile::string_at(std::size_t section, std::uint64_t offset) const {
  const bool known = std::any_of(sections_.begin(), sections_.end(),
                                 [&](const Section& s) { return s.index == section && s.type == SHT_STRTAB; });
  const char* text = known ? ::elf_strptr(elf_.get(), section, offset) : nullptr;
  return text == nullptr ? std::string_view{} : std::string_view(text);
}

std::optional<std::uint64_t> ElfFile::symbol_in(std::uint32_t section_type, std::string_view name) const {
  for (const Section& section : sections_) {
    if (section.type != section_type) continue;
    Elf_Data* data = ::elf_getdata(::elf_getscn(elf_.get(), section.index), nullptr);
    if (data == nullptr || data->d_buf == nullptr) continue;
    const std::size_t count = entries(*data, ::gelf_fsize(elf_.get(), ELF_T_SYM, 1, EV_CURRENT));
    for (std::size_t i = 0; i < count; ++i) {
      GElf_Sym symbol{};
      if (::gelf_getsym(data, static_cast<int>(i), &symbol) == nullptr) break;
      if (symbol.st_shndx == SHN_UNDEF || GELF_ST_TYPE(symbol.st_info) != STT_OBJECT) continue;
      if (string_at(section.link, symbol.st_name) == name) return symbol.st_value;
    }
  }
  return std::nullopt;
}

std::optional<DynamicSegment> ElfFile::dynamic() const {
  if (!dynamic_ || !is_64_bit_ || segments_.empty()) return std::nullopt;
  const Segment& first = segments_.front();
  const std::uint64_t bias = loaded_at_ ? loaded_at_->value() + first.offset - first.address : 0;
  return DynamicSegment(bytes_, segments_, *dynamic_, bias);
}

std::optional<std::uint64_t> ElfFile::exported_symbol(std::string_view name) const {
  const auto linked = dynamic();
  return linked ? linked->symbol(name) : std::nullopt;
}

std::optional<std::uint64_t> ElfFile::any_symbol(std::string_view name) const {
  const auto exported = exported_symbol(name);
  return exported ? exported : symbol_in(SHT_SYMTAB, name);
}

std::optional<std::uint64_t> ElfFile::section_address(std::string_view name) const {
  for (const Section& section : sections_) {
    if (section.name == name && section.address != 0) return section.address;
  }
  return std::nullopt;
}

bool ElfFile::needs(std::string_view library) const {
  const auto linked = dynamic();
  return linked && linked->needs(library);
}

}  // namespace gilspy::locate
