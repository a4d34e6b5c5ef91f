// An ELF file of one segment, without section headers: what a loader needs and no more.
#pragma once

#include <elf.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <vector>

namespace gilspy::test {

struct SmallElf {
  enum class Hash { kSysV, kGnu };

  std::uint16_t machine = EM_X86_64;
  std::uint16_t type = ET_DYN;
  std::uint64_t address = 0;  // of the segment
  Hash hash = Hash::kGnu;
  std::map<std::string, std::uint64_t> variables;  // name -> address
  std::vector<std::string> needed;
  std::uint64_t relocated_by = 0;  // a linker has added this to the addresses in the table
  std::size_t size = 8192;

  std::vector<std::byte> bytes() const {
    std::vector<std::byte> file(size);
    std::string strings(1, '\0');
    const auto add_string = [&](const std::string& text) {
      strings += text + '\0';
      return strings.size() - text.size() - 1;
    };
    std::vector<Elf64_Sym> symbols(1);
    for (const auto& [name, where] : variables) {
      Elf64_Sym symbol{};
      symbol.st_name = static_cast<Elf64_Word>(add_string(name));
      symbol.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT);
      symbol.st_shndx = 1;
      symbol.st_value = where;
      symbols.push_back(symbol);
    }
    std::vector<Elf64_Dyn> table;
    const auto add = [&](std::int64_t tag, std::uint64_t value) {
      Elf64_Dyn entry{};
      entry.d_tag = tag;
      entry.d_un.d_val = value;
      table.push_back(entry);
    };
    for (const std::string& library : needed) add(DT_NEEDED, add_string(library));
    const std::uint64_t shift = address + relocated_by;
    add(DT_SYMTAB, shift + kSymbolsAt);
    add(DT_STRTAB, shift + kStringsAt);
    add(hash == Hash::kGnu ? DT_GNU_HASH : DT_HASH, shift + kHashAt);
    add(DT_NULL, 0);

    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = type;
    header.e_machine = machine;
    header.e_version = EV_CURRENT;
    header.e_phoff = sizeof(header);
    header.e_ehsize = sizeof(header);
    header.e_phentsize = sizeof(Elf64_Phdr);
    header.e_phnum = 2;
    Elf64_Phdr headers[2]{};
    headers[0].p_type = PT_LOAD;
    headers[0].p_vaddr = address;
    headers[0].p_filesz = size;
    headers[0].p_memsz = size;
    headers[1].p_type = PT_DYNAMIC;
    headers[1].p_offset = kTableAt;
    headers[1].p_vaddr = address + kTableAt;
    headers[1].p_filesz = table.size() * sizeof(Elf64_Dyn);

    // One bucket, one bloom word; the chain of all symbols ends with the last one.
    const auto count = static_cast<std::uint32_t>(symbols.size());
    std::vector<std::uint32_t> words = {1, count};
    if (hash == Hash::kGnu) {
      words = {1, 1, 1, 0, 0, 0, count > 1 ? 1U : 0U};
      for (std::uint32_t i = 1; i < count; ++i) words.push_back(i + 1 == count ? 1 : 2);
    }
    put(file, 0, &header, sizeof(header));
    put(file, sizeof(header), headers, sizeof(headers));
    put(file, kTableAt, table.data(), table.size() * sizeof(Elf64_Dyn));
    put(file, kSymbolsAt, symbols.data(), symbols.size() * sizeof(Elf64_Sym));
    put(file, kStringsAt, strings.data(), strings.size());
    put(file, kHashAt, words.data(), words.size() * 4);
    return file;
  }

  static constexpr std::size_t kTableAt = 0x200, kSymbolsAt = 0x400, kStringsAt = 0x800, kHashAt = 0xc00;

 private:
  static void put(std::vector<std::byte>& file, std::size_t at, const void* from, std::size_t bytes) {
    std::memcpy(file.data() + at, from, bytes);
  }
};

}  // namespace gilspy::test
