#include "symbol_table.h"

#include <algorithm>

#include "elf_bytes.h"

namespace gilspy::native {
namespace {

// Far more than there are. Files that say they have more are not what they seem.
constexpr std::size_t kMostSymbols = 1U << 24;
constexpr std::size_t kMostNames = 1U << 30;  // bytes

bool is_code(unsigned char type) { return type == STT_FUNC || type == STT_GNU_IFUNC; }

// Of several names for a place: people's rather than the library's own for it.
int rank(std::string_view name) {
  const auto underscores = static_cast<int>(std::min(name.find_first_not_of('_'), name.size()));
  return underscores * 1000 + static_cast<int>(std::min<std::size_t>(name.size(), 999));
}

std::uint64_t end_of_section(const ElfBytes& elf, std::size_t index) {
  GElf_Shdr header{};
  Elf_Scn* const section = ::elf_getscn(elf.get(), index);
  return section != nullptr && ::gelf_getshdr(section, &header) != nullptr ? header.sh_addr + header.sh_size : 0;
}

}  // namespace

void SymbolTable::add_jumps(const ElfBytes& elf) {
  elf.each_section([&](const GElf_Shdr& header, Elf_Scn*) {
    const bool is_code = (header.sh_flags & SHF_EXECINSTR) != 0;
    if (is_code && elf.name_of(header).starts_with(".plt")) {
      jumps_.push_back({header.sh_addr, header.sh_addr + header.sh_size});
    }
  });
}

bool SymbolTable::is_jump(std::uint64_t address) const {
  return std::ranges::any_of(jumps_, [&](const Range& jumps) { return jumps.begin <= address && address < jumps.end; });
}

void SymbolTable::add(std::span<const std::byte> bytes) {
  const ElfBytes elf(bytes);
  add_jumps(elf);
  const auto add_section = [&](std::uint32_t wanted) {
    bool any = false;
    elf.each_section([&](const GElf_Shdr& header, Elf_Scn* section) {
      Elf_Data* const data = header.sh_type == wanted ? ::elf_getdata(section, nullptr) : nullptr;
      if (data == nullptr || data->d_buf == nullptr || header.sh_entsize == 0) return;
      const std::size_t size = std::max<std::size_t>(header.sh_entsize, sizeof(Elf32_Sym));
      const std::size_t count = std::min(data->d_size / size, kMostSymbols);
      for (std::size_t i = 0; i < count && names_.size() < kMostNames; ++i) {
        GElf_Sym symbol{};
        if (::gelf_getsym(data, static_cast<int>(i), &symbol) == nullptr) break;
        if (symbol.st_shndx == SHN_UNDEF || !is_code(GELF_ST_TYPE(symbol.st_info)) || symbol.st_value == 0) continue;
        const char* const name = ::elf_strptr(elf.get(), header.sh_link, symbol.st_name);
        if (name == nullptr || *name == '\0') continue;
        rows_.push_back({symbol.st_value, symbol.st_size, end_of_section(elf, symbol.st_shndx),
                         static_cast<std::uint32_t>(names_.size())});
        names_.append(name).push_back('\0');
        any = true;
      }
    });
    return any;
  };
  if (add_section(SHT_SYMTAB)) {
    has_local_ones_ = true;
  } else if (!has_local_ones_) {
    add_section(SHT_DYNSYM);
  }
  sort();
}

void SymbolTable::sort() {
  const auto name = [&](const Row& row) { return std::string_view(names_.data() + row.name); };
  std::ranges::sort(rows_, [&](const Row& a, const Row& b) {
    if (a.address != b.address) return a.address < b.address;
    if ((a.size == 0) != (b.size == 0)) return b.size == 0;
    const int rank_a = rank(name(a)), rank_b = rank(name(b));
    return rank_a != rank_b ? rank_a < rank_b : name(a) < name(b);
  });
  const auto same_place = [](const Row& a, const Row& b) { return a.address == b.address; };
  rows_.erase(std::unique(rows_.begin(), rows_.end(), same_place), rows_.end());
}

std::optional<Symbol> SymbolTable::find(std::uint64_t address) const {
  auto after = std::ranges::upper_bound(rows_, address, {}, &Row::address);
  // Functions of assembly that others lie in are rare, but a part may be named: a few are looked at.
  for (int tries = 0; tries < 4 && after != rows_.begin(); ++tries) {
    --after;
    // Written in assembly, some have no size: such a symbol reaches to the next one, if all are there.
    const auto next = std::next(after);
    const std::uint64_t end = next == rows_.end() ? after->section_end : std::min(next->address, after->section_end);
    const bool reaches_on = after->size == 0 && has_local_ones_ && end > after->address;
    const std::uint64_t reaches = reaches_on ? end - after->address : after->size;
    if (address - after->address < reaches) return Symbol{after->address, reaches, names_.data() + after->name};
    if (address == after->address) return Symbol{after->address, 1, names_.data() + after->name};
  }
  return std::nullopt;
}

}  // namespace gilspy::native
