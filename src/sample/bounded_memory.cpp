#include "bounded_memory.h"

#include <algorithm>
#include <cstring>

namespace gilspy::sample {
namespace {

constexpr std::size_t kMostPages = 2048;       // that are kept at a time
constexpr std::size_t kLargestRead = 1 << 20;  // of one piece

}  // namespace

void BoundedMemory::begin(std::size_t most_reads) {
  pages_.clear();
  left_ = most_reads;
}

Result<std::size_t> BoundedMemory::read_batch(std::span<const ReadRange> ranges) {
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    GILSPY_TRY(const bool is_complete, read(ranges[i]));
    if (!is_complete) return i;
  }
  return ranges.size();
}

Result<bool> BoundedMemory::read(const ReadRange& range) {
  if (range.into.size() > kLargestRead) return false;
  if (range.into.size() > kPage) return read_through(range);
  const std::uint64_t from = range.from.value();
  if (from + range.into.size() < from) return false;
  for (std::size_t done = 0; done < range.into.size();) {
    const std::uint64_t offset = (from + done) % kPage;
    const std::size_t size = std::min<std::size_t>(range.into.size() - done, kPage - offset);
    GILSPY_TRY(const Page* const page, page_at((from + done) / kPage));
    if (page == nullptr) return read_through(range);  // a core file can have a part of a page
    std::memcpy(range.into.data() + done, page->data() + offset, size);
    done += size;
  }
  return true;
}

Result<bool> BoundedMemory::read_through(const ReadRange& range) {
  const std::size_t price = 1 + range.into.size() / kPage;
  if (left_ < price) {
    left_ = 0;
    return false;
  }
  left_ -= price;
  GILSPY_TRY(const std::size_t complete, memory_.read_batch({&range, 1}));
  return complete == 1;
}

Result<const BoundedMemory::Page*> BoundedMemory::page_at(std::uint64_t number) {
  if (const auto known = pages_.find(number); known != pages_.end()) return known->second.get();
  if (left_ == 0) return nullptr;
  if (pages_.size() == kMostPages) pages_.clear();
  auto page = std::make_unique<Page>();
  GILSPY_TRY(const bool is_there, read_through({RemoteAddr(number * kPage), *page}));
  if (!is_there) page.reset();
  return pages_.emplace(number, std::move(page)).first->second.get();
}

}  // namespace gilspy::sample
