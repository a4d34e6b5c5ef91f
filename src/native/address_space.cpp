#include "address_space.h"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "gilspy/memory.h"

namespace gilspy::native {
namespace {

constexpr std::size_t kMostPages = 1U << 16;  // 256 MiB; a program whose tables take more reads them again and again
constexpr std::uint16_t kMostHeaders = 64;
constexpr std::uint64_t kMostData = 64U << 20;

constexpr std::size_t kBegin = 1024;

// Memory that is named like a file is none ("/dev/zero", "/memfd:jit").
bool has_code(const Mapping& mapping) {
  if (mapping.path.starts_with("/dev/") || mapping.path.starts_with("/memfd:")) return false;
  return mapping.path.starts_with('/') || mapping.path == "[vdso]";
}

}  // namespace

const NativeImage* AddressSpace::image_at(RemoteAddr address) {
  Known* known = known_at(address);
  if (known == nullptr && std::exchange(may_refresh_, false)) {
    refresh();
    known = known_at(address);
  }
  if (known == nullptr) return nullptr;
  const auto inside = [&](const auto& range) { return range.first <= address && address < range.second; };
  return std::ranges::any_of(known->code, inside) ? &known->image : nullptr;
}

AddressSpace::Known* AddressSpace::known_at(RemoteAddr address) {
  auto after = images_.upper_bound(address.value());
  if (after == images_.begin()) return nullptr;
  Known& known = *std::prev(after)->second;
  return address < known.image.end ? &known : nullptr;
}

// An image is the mappings of one file from that of its first byte on.
void AddressSpace::refresh() {
  auto mappings = target_.mappings();
  if (!mappings.has_value()) return;
  std::map<std::uint64_t, std::unique_ptr<Known>> found;
  Known* current = nullptr;
  for (const Mapping& mapping : *mappings) {
    if (!has_code(mapping)) {
      if (!mapping.path.empty()) current = nullptr;
      continue;
    }
    const bool goes_on = current != nullptr && mapping.path == current->first.path &&
                         mapping.inode == current->first.inode && mapping.file_offset > 0;
    if (!goes_on) {
      auto known = std::make_unique<Known>();
      current = known.get();
      current->first = mapping;
      current->image.path = mapping.path;
      current->image.begin = mapping.begin;
      found.insert_or_assign(mapping.begin.value(), std::move(known));
    }
    current->image.end = mapping.end;
    if (mapping.executable) current->code.push_back({mapping.begin, mapping.end});
    if (mapping.readable && !mapping.writable) current->constant.push_back({mapping.begin, mapping.end});
    if (mapping.readable && !mapping.executable) current->data.push_back({mapping.begin, mapping.end});
  }
  bool replaced = false;
  for (auto& [begin, known] : found) {
    const auto before = images_.find(begin);
    const bool same = before != images_.end() && before->second->first.path == known->first.path &&
                      before->second->first.inode == known->first.inode && before->second->code == known->code;
    if (same) {
      before->second->image.end = known->image.end;
      before->second->constant = std::move(known->constant);
      before->second->data = std::move(known->data);
      known = std::move(before->second);
    }
    replaced = replaced || (before != images_.end() && !same);
  }
  for (const auto& [begin, known] : images_) replaced = replaced || known != nullptr;  // one is gone
  images_ = std::move(found);
  if (replaced) {
    pages_.clear();
    ++changes_;
  }
  for (auto& [begin, known] : images_) {
    if (!known->code.empty() && known->image.unwind_table.is_null() && known->image.bias == 0) look_into(*known);
  }
}

// What its ELF header says, in memory: the file may be gone.
void AddressSpace::look_into(Known& known) {
  if (known.first.file_offset != 0) return;
  known.begin.resize(kBegin);
  if (!read_exact(target_, known.image.begin, known.begin).has_value()) known.begin.clear();
  Elf64_Ehdr header{};
  if (!read(known.image.begin, std::as_writable_bytes(std::span(&header, 1)))) return;
  const bool is_elf = std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 && header.e_ident[EI_CLASS] == ELFCLASS64;
  if (!is_elf || header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum > kMostHeaders) return;
  std::vector<Elf64_Phdr> segments(header.e_phnum);
  if (!read(known.image.begin + header.e_phoff, std::as_writable_bytes(std::span(segments)))) return;
  const auto first = std::ranges::find(segments, std::uint32_t{PT_LOAD}, &Elf64_Phdr::p_type);
  if (first == segments.end() || first->p_offset != 0) return;
  known.image.bias = known.image.begin.value() - first->p_vaddr;
  const auto table = std::ranges::find(segments, std::uint32_t{PT_GNU_EH_FRAME}, &Elf64_Phdr::p_type);
  if (table == segments.end()) return;
  known.image.unwind_table = RemoteAddr(known.image.bias + table->p_vaddr);
  known.image.unwind_size = table->p_memsz;
}

const AddressSpace::Page* AddressSpace::page(std::uint64_t number) {
  if (const auto known = pages_.find(number); known != pages_.end()) return known->second.get();
  const RemoteAddr begin(number * kPage);
  Known* const known = known_at(begin);
  if (known == nullptr) return nullptr;
  const auto inside = [&](const auto& range) { return range.first <= begin && begin < range.second; };
  if (std::ranges::none_of(known->constant, inside)) return nullptr;
  auto bytes = std::make_unique<Page>();
  if (!read_exact(target_, begin, *bytes).has_value()) return nullptr;
  if (pages_.size() >= kMostPages) pages_.clear();
  return (pages_[number] = std::move(bytes)).get();
}

bool AddressSpace::read(RemoteAddr from, std::span<std::byte> into) {
  for (std::size_t done = 0; done < into.size();) {
    const std::uint64_t at = from.value() + done;
    const Page* const source = page(at / kPage);
    if (source == nullptr) return false;
    const std::size_t size = std::min<std::size_t>(into.size() - done, kPage - at % kPage);
    std::memcpy(into.data() + done, source->data() + at % kPage, size);
    done += size;
  }
  return true;
}

std::vector<AddressSpace::Data> AddressSpace::data_of(const NativeImage& image) {
  std::vector<Data> found;
  const Known* const known = known_at(image.begin);
  std::uint64_t left = known == nullptr ? 0 : kMostData;
  for (std::size_t i = 0; left > 0 && i < known->data.size(); ++i) {
    const auto [begin, end] = known->data[i];
    if (end.since(begin) > left) continue;
    Data data{begin, std::vector<std::byte>(end.since(begin))};
    if (!read_exact(target_, begin, data.bytes).has_value()) continue;
    left -= data.bytes.size();
    found.push_back(std::move(data));
  }
  return found;
}

bool AddressSpace::is_up_to_date(std::span<const RemoteAddr> addresses) {
  std::vector<Known*> images;
  for (const RemoteAddr address : addresses) {
    Known* const known = known_at(address);
    const bool has_begin = known != nullptr && !known->begin.empty();
    if (has_begin && std::ranges::find(images, known) == images.end()) images.push_back(known);
  }
  std::vector<std::byte> now(images.size() * kBegin);
  std::vector<ReadRange> ranges;
  for (std::size_t i = 0; i < images.size(); ++i) {
    ranges.push_back({images[i]->image.begin, std::span(now).subspan(i * kBegin, kBegin)});
  }
  const auto read = target_.read_batch(ranges);
  if (!read.has_value()) return true;  // the process is gone, and what is known is all there will be
  bool same = *read == ranges.size();
  for (std::size_t i = 0; same && i < images.size(); ++i) {
    same = std::ranges::equal(images[i]->begin, ranges[i].into);
  }
  if (!same) {
    images_.clear();
    pages_.clear();
    ++changes_;
    refresh();
  }
  return same;
}

bool AddressSpace::is_data(RemoteAddr address) {
  const Known* const known = known_at(address);
  const auto is_inside = [&](const auto& range) { return range.first <= address && address < range.second; };
  return known != nullptr && std::ranges::any_of(known->data, is_inside) &&
         std::ranges::none_of(known->constant, is_inside);
}

std::unique_ptr<FileBytes> AddressSpace::file_of(const NativeImage& image) {
  Known* const known = known_at(image.begin);
  if (known == nullptr) return nullptr;
  auto file = target_.file_of(known->first);
  return file.has_value() ? std::move(*file) : nullptr;
}

}  // namespace gilspy::native
