#include "dynamic_segment.h"

#include <elf.h>

#include <algorithm>

#include "gilspy/memory.h"

namespace gilspy::locate {
namespace {

std::string_view text_at(std::span<const std::byte> strings, std::uint64_t offset) {
  if (offset >= strings.size()) return {};
  const auto rest = strings.subspan(offset);
  const auto end = std::find(rest.begin(), rest.end(), std::byte{0});
  if (end == rest.end()) return {};
  return {reinterpret_cast<const char*>(rest.data()), static_cast<std::size_t>(end - rest.begin())};
}

// DT_GNU_HASH does not say how many symbols there are: the chain of the last bucket ends with the last one.
std::uint64_t count_by_gnu_hash(const StructView& hash) {
  const auto buckets = hash.get<std::uint32_t>(0);
  const auto first_symbol = hash.get<std::uint32_t>(4);
  const std::uint64_t bloom_words = hash.get<std::uint32_t>(8);
  const std::uint64_t buckets_at = 16 + bloom_words * 8;
  const std::uint64_t chains_at = buckets_at + std::uint64_t{buckets} * 4;
  std::uint64_t last = 0;
  for (std::uint64_t i = 0; i < buckets && hash.holds(buckets_at + i * 4, 4); ++i) {
    last = std::max<std::uint64_t>(last, hash.get<std::uint32_t>(buckets_at + i * 4));
  }
  if (last < first_symbol) return first_symbol;
  for (;; ++last) {
    const std::uint64_t chain = chains_at + (last - first_symbol) * 4;
    if (!hash.holds(chain, 4) || (hash.get<std::uint32_t>(chain) & 1) != 0) return last + 1;
  }
}

}  // namespace

DynamicSegment::DynamicSegment(std::span<const std::byte> bytes, std::span<const Segment> segments,
                               const Segment& table, std::uint64_t bias)
    : bytes_(bytes), segments_(segments), bias_(bias) {
  if (table.offset <= bytes.size() && table.file_size <= bytes.size() - table.offset) {
    table_ = bytes.subspan(table.offset, table.file_size);
  }
}

std::span<const std::byte> DynamicSegment::at(std::uint64_t address) const {
  for (const Segment& segment : segments_) {
    const std::uint64_t inside = address - segment.address;
    if (address < segment.address || inside >= segment.file_size) continue;
    if (segment.offset > bytes_.size() || segment.file_size > bytes_.size() - segment.offset) continue;
    return bytes_.subspan(segment.offset + inside, segment.file_size - inside);
  }
  return {};
}

std::optional<std::uint64_t> DynamicSegment::value(std::int64_t tag) const {
  const StructView table(table_);
  for (std::size_t i = 0; table.holds(i, sizeof(Elf64_Dyn)); i += sizeof(Elf64_Dyn)) {
    const auto entry = table.get<Elf64_Dyn>(i);
    if (entry.d_tag == DT_NULL) break;
    if (entry.d_tag == tag) return entry.d_un.d_val;
  }
  return std::nullopt;
}

std::span<const std::byte> DynamicSegment::pointed_to_by(std::int64_t tag) const {
  const auto address = value(tag);
  if (!address) return {};
  const auto plain = at(*address);
  return plain.empty() ? at(*address - bias_) : plain;
}

std::uint64_t DynamicSegment::symbol_count() const {
  if (const auto hash = pointed_to_by(DT_HASH); !hash.empty()) return StructView(hash).get<std::uint32_t>(4);
  if (const auto hash = pointed_to_by(DT_GNU_HASH); !hash.empty()) return count_by_gnu_hash(StructView(hash));
  return 0;
}

std::optional<std::uint64_t> DynamicSegment::symbol(std::string_view name) const {
  const StructView symbols(pointed_to_by(DT_SYMTAB));
  const auto strings = pointed_to_by(DT_STRTAB);
  const std::uint64_t count = symbol_count();
  for (std::uint64_t i = 0; i < count && symbols.holds(i * sizeof(Elf64_Sym), sizeof(Elf64_Sym)); ++i) {
    const auto symbol = symbols.get<Elf64_Sym>(i * sizeof(Elf64_Sym));
    if (symbol.st_shndx == SHN_UNDEF || ELF64_ST_TYPE(symbol.st_info) != STT_OBJECT) continue;
    if (text_at(strings, symbol.st_name) == name) return symbol.st_value;
  }
  return std::nullopt;
}

bool DynamicSegment::needs(std::string_view library) const {
  const auto strings = pointed_to_by(DT_STRTAB);
  const StructView table(table_);
  for (std::size_t i = 0; table.holds(i, sizeof(Elf64_Dyn)); i += sizeof(Elf64_Dyn)) {
    const auto entry = table.get<Elf64_Dyn>(i);
    if (entry.d_tag == DT_NULL) break;
    if (entry.d_tag == DT_NEEDED && text_at(strings, entry.d_un.d_val).starts_with(library)) return true;
  }
  return false;
}

}  // namespace gilspy::locate
