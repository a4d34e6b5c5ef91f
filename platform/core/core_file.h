// The file itself: headers, segments of memory, notes. No offset or size in it is followed before it is known to lie
// inside. It is read by pread(2), not mapped: one that shrinks meanwhile is no SIGBUS.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "gilspy/ids.h"
#include "gilspy/result.h"

struct Elf;

namespace gilspy::platform {

// PT_LOAD: a mapping of the process. Of its memory the file has the first `file_size` bytes, as far as it has not been
// cut off itself.
struct CoreSegment {
  RemoteAddr begin;
  std::uint64_t size = 0;
  std::uint64_t file_offset = 0;
  std::uint64_t file_size = 0;
  bool readable = false;
  bool writable = false;
  bool executable = false;

  RemoteAddr end() const { return begin + size; }
};

// Ranges (`begin`, `end`) of a damaged file may overlap: sorts them, and leaves only those that do not.
template <typename Range, typename End>
void keep_apart(std::vector<Range>& ranges, End end_of) {
  std::ranges::stable_sort(ranges, {}, &Range::begin);
  RemoteAddr last;
  std::erase_if(ranges, [&](const Range& range) {
    const bool overlaps = range.begin < last || end_of(range) <= range.begin;
    if (!overlaps) last = end_of(range);
    return overlaps;
  });
}

class CoreFile {
 public:
  // Errors: as open_core().
  static Result<std::unique_ptr<CoreFile>> open(const std::string& path);
  ~CoreFile();
  CoreFile(const CoreFile&) = delete;
  CoreFile& operator=(const CoreFile&) = delete;

  std::uint64_t size() const { return size_; }
  const std::vector<CoreSegment>& segments() const { return segments_; }  // by address, apart
  // In the order of the file. False: there are no notes, or they are damaged.
  using OnNote = std::function<void(std::uint32_t type, std::span<const std::byte> content)>;
  bool each_note(const OnNote& each) const;
  // How many bytes there were.
  std::size_t read(std::uint64_t offset, std::span<std::byte> into) const;

 private:
  CoreFile() = default;
  Result<void> look_into(const std::string& path);
  Error no_core(const std::string& path) const;

  int fd_ = -1;
  std::uint64_t size_ = 0;
  Elf* elf_ = nullptr;
  std::vector<CoreSegment> segments_;
  struct Notes {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
  };
  std::vector<Notes> notes_;
};

}  // namespace gilspy::platform
