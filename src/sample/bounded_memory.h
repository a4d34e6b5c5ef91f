// A target's memory, page by page, as it was when a page was first asked for, and only so much of it: objects lie close
// together, so that most reads cost no call, and what garbage leads to ends.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <unordered_map>

#include "gilspy/ids.h"
#include "gilspy/target.h"

namespace gilspy::sample {

class BoundedMemory : public MemoryReader {
 public:
  explicit BoundedMemory(MemoryReader& memory) : memory_(memory) {}

  // Forgets all pages. `most_reads`: how many pages, or pieces of a page's size, may be read from now on.
  void begin(std::size_t most_reads);
  std::size_t reads_left() const { return left_; }
  bool is_exhausted() const { return left_ == 0; }  // what is not known yet cannot be read any more

  Result<std::size_t> read_batch(std::span<const ReadRange> ranges) override;

 private:
  static constexpr std::uint64_t kPage = 4096;
  using Page = std::array<std::byte, kPage>;

  Result<bool> read(const ReadRange& range);
  Result<bool> read_through(const ReadRange& range);
  Result<const Page*> page_at(std::uint64_t number);

  MemoryReader& memory_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Page>> pages_;  // null: there is none
  std::size_t left_ = 0;
};

}  // namespace gilspy::sample
