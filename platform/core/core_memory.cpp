#include "core_memory.h"

#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "gilspy/platform.h"

namespace gilspy::platform {
namespace {

constexpr std::size_t kPage = 4096;

// The file that is mapped at an address.
const CoreMappedFile* file_at(std::span<const CoreMappedFile> files, RemoteAddr address) {
  const auto after = std::ranges::upper_bound(files, address, {}, &CoreMappedFile::begin);
  if (after == files.begin() || address >= std::prev(after)->end) return nullptr;
  return &*std::prev(after);
}

std::uint64_t present(const CoreSegment& segment, std::uint64_t file_size) {
  return segment.file_offset >= file_size ? 0 : std::min(segment.file_size, file_size - segment.file_offset);
}

// What is not told may be.
bool may_be_code(std::span<const Elf64_Phdr> segments, std::uint64_t offset) {
  bool is_code = true;
  for (const Elf64_Phdr& segment : segments) {
    const std::uint64_t begin = segment.p_offset / kPage * kPage;  // what is mapped begins with a page
    const bool is_here = offset >= begin && offset - begin < segment.p_filesz;
    // Of a page that two share, the later one.
    if (segment.p_type == PT_LOAD && is_here) is_code = (segment.p_flags & PF_X) != 0;
  }
  return is_code;
}

}  // namespace

CoreMemory::CoreMemory(const CoreFile& file, const CoreNotes& notes, std::string program, CoreFiles here)
    : file_(file), program_(std::move(program)), here_(std::move(here)) {
  add_segments(notes);
  add_what_files_have(notes);
  std::ranges::stable_sort(mappings_, {}, &Mapping::begin);
}

void CoreMemory::add_segments(const CoreNotes& notes) {
  for (const CoreSegment& segment : file_.segments()) {
    Mapping mapping;
    mapping.begin = segment.begin;
    mapping.end = segment.end();
    mapping.readable = segment.readable;
    mapping.writable = segment.writable;
    mapping.executable = segment.executable;
    if (const CoreMappedFile* const mapped = file_at(notes.files, segment.begin)) {
      mapping.path = mapped->path;
      mapping.file_offset = mapped->file_offset + segment.begin.since(mapped->begin);
    } else if (notes.vdso.in(segment.begin, segment.size) && !notes.vdso.is_null()) {
      mapping.path = "[vdso]";
    }
    mappings_.push_back(std::move(mapping));
  }
}

// The kernel has a segment for every mapping, gcore none for what it leaves to files: code and constants.
void CoreMemory::add_what_files_have(const CoreNotes& notes) {
  std::map<std::string, std::vector<Elf64_Phdr>> segments;  // by path: a core names a file several times
  for (const CoreMappedFile& mapped : notes.files) {
    const auto add = [&](RemoteAddr begin, RemoteAddr end) {
      Mapping mapping;
      mapping.begin = begin;
      mapping.end = end;
      mapping.file_offset = mapped.file_offset + begin.since(mapped.begin);
      mapping.readable = true;
      mapping.path = mapped.path;
      if (begin >= end) return;
      const auto [known, is_new] = segments.try_emplace(mapping.path);
      if (is_new) known->second = segments_in_file(mapping);
      mapping.executable = may_be_code(known->second, mapping.file_offset);
      mappings_.push_back(std::move(mapping));
    };
    const auto ends_before = [](const CoreSegment& segment, RemoteAddr address) { return segment.end() <= address; };
    auto segment = std::lower_bound(file_.segments().begin(), file_.segments().end(), mapped.begin, ends_before);
    RemoteAddr begin = mapped.begin;
    for (; segment != file_.segments().end() && segment->begin < mapped.end; ++segment) {
      add(begin, segment->begin);
      begin = segment->end();
    }
    add(begin, mapped.end);
  }
}

// What the file's own headers say: which part is code, and which are constants.
std::vector<Elf64_Phdr> CoreMemory::segments_in_file(const Mapping& mapping) const {
  std::vector<Elf64_Phdr> segments;
  const auto file = file_of(mapping);
  if (!file.has_value()) return segments;
  const std::span<const std::byte> bytes = (*file)->bytes();
  Elf64_Ehdr header{};
  if (bytes.size() < sizeof header) return segments;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phoff > bytes.size()) return segments;
  const std::size_t fit = (bytes.size() - header.e_phoff) / sizeof(Elf64_Phdr);
  segments.resize(std::min<std::size_t>(fit, header.e_phnum));
  if (segments.empty()) return segments;
  std::memcpy(segments.data(), bytes.data() + header.e_phoff, segments.size() * sizeof segments[0]);
  return segments;
}

const CoreSegment* CoreMemory::segment_of(const Mapping& mapping) const {
  const auto found = std::ranges::lower_bound(file_.segments(), mapping.begin, {}, &CoreSegment::begin);
  return found != file_.segments().end() && found->begin == mapping.begin ? &*found : nullptr;
}

bool CoreMemory::read(RemoteAddr from, std::span<std::byte> into) {
  while (!into.empty()) {
    const auto after = std::ranges::upper_bound(mappings_, from, {}, &Mapping::begin);
    if (after == mappings_.begin() || from >= std::prev(after)->end) return false;
    const std::size_t size = read_piece(*std::prev(after), from, into);
    if (size == 0) return false;
    from = from + size;
    into = into.subspan(size);
  }
  return true;
}

// What is in one mapping, from one source. How many bytes there were.
std::size_t CoreMemory::read_piece(const Mapping& mapping, RemoteAddr from, std::span<std::byte> into) {
  const std::uint64_t at = from.since(mapping.begin);
  const auto wanted = into.first(std::min<std::uint64_t>(into.size(), mapping.end.since(from)));
  const CoreSegment* const segment = segment_of(mapping);
  if (segment != nullptr && at < segment->file_size) {
    const std::size_t size = read_from_core(*segment, at, wanted);
    // Of what was cut off files have what the process could not change.
    if (size > 0 || mapping.writable) return size;
  }
  return read_from_file(mapping, at, wanted);
}

std::size_t CoreMemory::read_from_core(const CoreSegment& segment, std::uint64_t at, std::span<std::byte> into) const {
  return file_.read(segment.file_offset + at, into.first(std::min(into.size(), segment.file_size - at)));
}

std::size_t CoreMemory::read_from_file(const Mapping& mapping, std::uint64_t at, std::span<std::byte> into) {
  if (!mapping.path.starts_with('/')) return 0;
  const auto [entry, is_new] = files_.try_emplace(mapping.path);
  if (is_new) {
    auto file = file_of(mapping);
    if (file.has_value()) {
      entry->second = std::move(*file);
    } else if (file.error().code() != ErrorCode::kSystem) {
      missing_.push_back(mapping.path);
    }
  }
  if (entry->second == nullptr) return 0;
  const auto bytes = entry->second->bytes();
  const std::uint64_t offset = mapping.file_offset + at;
  if (offset >= bytes.size()) {
    // The rest of its last page is zero.
    const std::uint64_t end = (bytes.size() + kPage - 1) / kPage * kPage;
    const std::size_t size = offset < end ? std::min<std::size_t>(into.size(), end - offset) : 0;
    std::ranges::fill(into.first(size), std::byte{0});
    return size;
  }
  const std::size_t size = std::min<std::size_t>(into.size(), bytes.size() - offset);
  std::memcpy(into.data(), bytes.data() + offset, size);
  return size;
}

// By its first page, which cores have: there are the build id and the table of segments.
CoreMemory::Sameness CoreMemory::compare(const Mapping& mapping, std::span<const std::byte> bytes) const {
  for (const Mapping& first : mappings_) {
    const CoreSegment* const segment = segment_of(first);
    if (first.path != mapping.path || first.file_offset != 0 || first.writable || segment == nullptr) continue;
    std::array<std::byte, kPage> page{};
    const std::size_t size = read_from_core(*segment, 0, page);
    if (size == 0) continue;
    const bool same = bytes.size() >= size && std::memcmp(page.data(), bytes.data(), size) == 0;
    return same ? Sameness::kSame : Sameness::kOther;
  }
  // The core does not tell. Then at least nothing is read that is no program or library, whatever a core may name.
  const bool is_elf = bytes.size() >= SELFMAG && std::memcmp(bytes.data(), ELFMAG, SELFMAG) == 0;
  return is_elf ? Sameness::kSame : Sameness::kNoProgram;
}

Result<std::unique_ptr<FileBytes>> CoreMemory::file_of(const Mapping& mapping) const {
  if (!mapping.path.starts_with('/')) return fail(ErrorCode::kSystem, "the mapping has no file");
  const bool is_program = mapping.path == program_;
  const bool is_told = is_program && !here_.executable.empty();
  const std::string& path = is_told ? here_.executable : mapping.path;
  auto file = is_told || here_.root == "/" ? map_file(path) : map_file_below(here_.root, path);
  const char* const remedy = is_program ? ": --executable or --sysroot tells where it is now" : "";
  if (!file.has_value()) {
    return fail(ErrorCode::kDenied,
                fmt::format("{}, which the process of the core ran, cannot be read here{}", path, remedy));
  }
  const Sameness same = compare(mapping, (*file)->bytes());
  if (same == Sameness::kNoProgram && !is_program) {
    return fail(ErrorCode::kSystem, fmt::format("{} is no program or library", path));
  }
  if (same != Sameness::kSame) {
    return fail(ErrorCode::kMisfit, fmt::format("{} is not the file that the process of the core ran, but another build"
                                                "{}",
                                                path, remedy));
  }
  return file;
}

std::uint64_t CoreMemory::bytes() const {
  std::uint64_t sum = 0;
  for (const CoreSegment& segment : file_.segments()) sum += segment.file_size;
  return sum;
}

std::uint64_t CoreMemory::bytes_missing() const {
  std::uint64_t sum = 0;
  for (const CoreSegment& segment : file_.segments()) sum += segment.file_size - present(segment, file_.size());
  return sum;
}

}  // namespace gilspy::platform
