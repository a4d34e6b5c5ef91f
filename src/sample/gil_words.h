// The words of every GIL and the heads of every interpreter's thread list, in one read.
#pragma once

#include <array>
#include <vector>

#include "gilspy/layout.h"
#include "gilspy/sample.h"
#include "gilspy/target.h"
#include "thread_table.h"

namespace gilspy::sample {

struct GilRecord {
  RemoteAddr address;
  bool in_use = false;              // by an interpreter that lives
  std::uint64_t switch_number = 0;  // at the last tick
  RemoteAddr last_holder;           // at the last tick
  std::uint64_t seen_number = 0;    // switch_number when it was last looked at, by a tick or a glance
  bool seen_locked = false;         // then
  bool enabled = true;              // at the last tick
  std::uint64_t many_tick = 0;      // last tick that saw two or more hand-offs
  std::optional<Offset> wrefs;      // offset of __wrefs in the target's pthread_cond_t, once a waiter has shown it
  std::uint32_t known_waiters = 0;  // threads that our records place in the condition variables
};

inline constexpr std::size_t kCondSize = 48;  // sizeof(pthread_cond_t) on x86-64

struct GilWords {
  bool enabled = true;  // a free-threaded build can do without
  bool locked = false;
  RemoteAddr last_holder;
  std::uint64_t switch_number = 0;
  std::uint64_t interval_us = 0;
  std::array<std::byte, kCondSize> cond{};
  std::array<std::byte, kCondSize> switch_cond{};

  bool same_holding(const GilWords& other) const {
    return locked == other.locked && last_holder == other.last_holder && switch_number == other.switch_number;
  }
};

struct ListHead {
  std::uint64_t next_id = 0;
  RemoteAddr head;
};

class WordReader {
 public:
  WordReader(Target& target, const RuntimeLocation& location, const RuntimeLayout& layout)
      : target_(target), location_(location), layout_(layout) {}

  // The interpreters of the process and their GILs; known ones keep their index. Errors as for reading.
  Result<void> find_interpreters();

  // Errors: kBadAddress when an interpreter went away (find_interpreters again), kGone, kDenied.
  Result<void> read(std::vector<GilWords>& gils, std::vector<ListHead>& heads);

  // The same in three steps, for a call that reads more than this: room for bytes() bytes, the ranges that fill it, and
  // what it then holds. In between, find_interpreters() must not be called.
  std::size_t bytes() const { return planned_bytes_; }
  void add_ranges(std::span<std::byte> room, std::vector<ReadRange>& ranges) const;
  void view(std::span<const std::byte> bytes, std::vector<GilWords>& gils, std::vector<ListHead>& heads) const;
  static tl::unexpected<Error> gone();  // the error where the ranges could not all be read

  std::vector<GilRecord>& gils() { return gils_; }
  const std::vector<GilRecord>& gils() const { return gils_; }
  std::vector<InterpreterRecord>& interpreters() { return interpreters_; }  // living ones
  const std::vector<InterpreterRecord>& all_interpreters() const { return seen_; }

 private:
  struct Piece {
    RemoteAddr begin;
    std::size_t size = 0;
  };
  struct HeadOffsets {
    std::size_t next_id = 0, head = 0;
  };
  Result<GilIndex> gil_of(RemoteAddr interpreter);
  void plan();
  GilWords view_gil(std::span<const std::byte> bytes) const;
  static GilWords at_rest(const GilRecord& gil, const GilWords& before);

  Target& target_;
  const RuntimeLocation& location_;
  const RuntimeLayout& layout_;
  std::vector<GilRecord> gils_;
  std::vector<InterpreterRecord> interpreters_;
  std::vector<InterpreterRecord> seen_;
  std::vector<Piece> pieces_;
  std::size_t planned_bytes_ = 0;
  std::vector<std::size_t> gil_offsets_;   // in what the pieces hold, by GIL
  std::vector<HeadOffsets> head_offsets_;  // by interpreter
  std::vector<std::byte> bytes_;
  std::vector<ReadRange> ranges_;
};

}  // namespace gilspy::sample
