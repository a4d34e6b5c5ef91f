#include "memory_scan.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "gilspy/memory.h"

namespace gilspy::locate {
namespace {

// The anonymous memory behind an image may have grown together with somebody else's: the image's own comes first.
constexpr std::uint64_t kMostBytes = std::uint64_t{64} << 20;
constexpr std::size_t kChunk = std::size_t{1} << 20;
constexpr std::size_t kWord = 8;

// The mapping that holds a word which could be a pointer to a structure that changes.
bool leads_to_data(std::uint64_t word, std::span<const Mapping> all) {
  if (word == 0 || word % kWord != 0) return false;
  const RemoteAddr address(word);
  const auto after = std::ranges::upper_bound(all, address, {}, &Mapping::begin);
  return after != all.begin() && std::prev(after)->writable && address < std::prev(after)->end;
}

// Does it have a thread that knows it?
bool is_interpreter(MemoryReader& memory, RemoteAddr interpreter, const PointerShape& shape,
                    std::span<const Mapping> all) {
  const auto thread = read_pointer(memory, interpreter + shape.threads_head);
  if (!thread.has_value() || !leads_to_data(thread->value(), all)) return false;
  const auto owner = read_pointer(memory, *thread + shape.thread_interpreter);
  return owner.has_value() && *owner == interpreter;
}

}  // namespace

std::vector<Region> data_regions(std::span<const Image> images, std::span<const Mapping> all) {
  std::vector<Region> regions;
  const auto belongs = [&](const Mapping& mapping, const std::string& path) {
    return mapping.path == path || (mapping.path.empty() && mapping.inode == 0);
  };
  for (const Image& image : images) {
    for (auto first = all.begin(); first != all.end(); ++first) {
      if (first->path != image.path || !first->readable || !first->writable) continue;
      auto last = first;
      for (auto next = std::next(first); next != all.end() && next->begin == last->end; ++next) {
        if (!next->readable || !next->writable || !belongs(*next, image.path)) break;
        last = next;
      }
      regions.push_back({first->begin, std::min(last->end.since(first->begin), kMostBytes), image.path});
      first = last;
    }
  }
  return regions;
}

std::vector<std::byte> read_region(MemoryReader& memory, const Region& region) {
  std::vector<std::byte> bytes(region.size);
  for (std::size_t done = 0; done < bytes.size(); done += kChunk) {
    const auto chunk = std::span(bytes).subspan(done, std::min(kChunk, bytes.size() - done));
    if (!read_exact(memory, region.begin + done, chunk).has_value()) std::ranges::fill(chunk, std::byte{0});
  }
  return bytes;
}

std::vector<RemoteAddr> find_cookies(std::span<const std::byte> bytes, RemoteAddr begin) {
  std::vector<RemoteAddr> found;
  for (std::size_t at = 0; at + kWord <= bytes.size(); at += kWord) {
    if (std::memcmp(bytes.data() + at, "xdebugpy", kWord) == 0) found.push_back(begin + at);
  }
  return found;
}

std::vector<RemoteAddr> find_shapes(MemoryReader& memory, std::span<const std::byte> bytes, RemoteAddr begin,
                                    const PointerShape& shape, std::span<const Mapping> all) {
  std::vector<RemoteAddr> found;
  std::unordered_map<std::uint64_t, bool> asked;
  const StructView words(bytes);
  const std::uint64_t last = std::max(shape.interpreters_head, shape.interpreters_main);
  for (std::uint64_t at = 0; words.holds(at + last, kWord); at += kWord) {
    const auto head = words.get<std::uint64_t>(at + shape.interpreters_head);
    const auto main = words.get<std::uint64_t>(at + shape.interpreters_main);
    if (!leads_to_data(head, all) || (main != head && !leads_to_data(main, all))) continue;
    auto known = asked.find(head);
    if (known == asked.end()) {
      known = asked.emplace(head, is_interpreter(memory, RemoteAddr(head), shape, all)).first;
    }
    if (known->second) found.push_back(begin + at);
  }
  return found;
}

}  // namespace gilspy::locate
