// Copies of what the stacks of several threads lie in, made in one call: each twice in a row, so that what changed in
// between shows, but for threads that stand still. Where frames lie on a data stack each copy begins with a thread
// state of its own; where they are objects on the heap, both have the one that was copied between them.
//
// To read everything in one call one must know where it lies before: each thread keeps a plan, the regions in which its
// frames lay last time.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "gilspy/ids.h"
#include "gilspy/layout.h"
#include "gilspy/target.h"
#include "stack_plan.h"

namespace gilspy::sample {

struct StackRequest {
  RemoteAddr thread_state;
  std::uint64_t id = 0;  // PyThreadState.id that must be found there
  StackPlan* plan = nullptr;
  bool still = false;  // it stands still until `copied` is called
};

struct Copy {                                                          // one of the two reads of a thread
  std::vector<std::pair<Region, std::span<const std::byte>>> regions;  // the thread state first
  int loose_reads = 0;          // of a thread that stands still: how many frames outside of them may be read one by one
  std::size_t sorted_from = 1;  // the others behind it, by address: frames on the heap can lie in hundreds of them
  mutable std::size_t latest = 0;  // in which something was found: callers mostly lie beside it

  std::span<const std::byte> thread_state() const { return regions.front().second; }
  const std::byte* find(RemoteAddr address, std::size_t size) const;  // null where it has not got all of it
};

struct CopyPair {
  Copy first, second;  // of a thread that stands still: `first` alone
  bool complete = false;
};

class StackCopies {
 public:
  explicit StackCopies(const RuntimeLayout& layout) : layout_(layout) {}

  // Makes room for those of the requests, thread after thread, by their plans. `which` are indices.
  void lay_out(std::span<const StackRequest> requests, std::span<const std::size_t> which);
  std::span<const ReadRange> ranges() const { return ranges_; }

  // Reads what was laid out. A thread of which a region is no longer mapped is left incomplete, and that region leaves
  // its plan. Errors: kGone, kDenied.
  Result<void> read(MemoryReader& memory, std::span<const StackRequest> requests);
  // The same where somebody else read the ranges, as far as he came: what is behind is incomplete.
  void note_read(std::size_t complete, std::span<const StackRequest> requests);

  CopyPair& of(std::size_t request) { return pairs_[request]; }

 private:
  void forget(RemoteAddr place, StackPlan& plan) const;
  void keep_outermost(RemoteAddr gone, StackPlan& plan) const;
  void lay_out_copy(const StackRequest& request, Copy& copy);

  const RuntimeLayout& layout_;
  std::vector<CopyPair> pairs_;  // by request
  std::vector<std::byte> bytes_;
  std::vector<ReadRange> ranges_;
  std::vector<std::size_t> owners_;  // by range: the request
};

}  // namespace gilspy::sample
