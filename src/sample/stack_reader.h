// Stacks of running threads, without stopping anybody: pairwise agreement.
//
// A thread's frames are read twice in a row in one call. Both copies are walked from the innermost frame; what agrees
// from the outermost frame on was on the stack at both moments and is kept. Equal to the leaf: the stack is whole.
// Otherwise it is marked truncated. Nothing is repaired, and the longest of many tries is never picked, for that would
// favour deep stacks.
//
// A thread that stands still (it was stopped, or it needs the GIL of one that was) is read once: nothing can disagree.
//
// To read everything in one call one must know where it lies before: each thread keeps a plan, the regions in which its
// frames lay last time. A walk that leaves the plan extends it and tries again.
//
// Up to 3.10 frames are objects on the heap (frame_objects.cpp). A frame that returns loses its link to its caller, so
// a walk from the innermost frame often ends too early; but a frame also says whether it is being executed, and those
// that were on the stack last time and still link to each other, from the outermost one on, still are on it.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "code_cache.h"
#include "gilspy/ids.h"
#include "gilspy/layout.h"
#include "gilspy/sample.h"
#include "gilspy/stacks.h"
#include "gilspy/target.h"

namespace gilspy::sample {

inline constexpr int kMostTries = 8;
inline constexpr std::size_t kMostFrames = 20'000;

struct Region {
  RemoteAddr begin;
  std::uint32_t size = 0;
};

struct StackPlan {
  std::vector<Region> chunks;  // data-stack chunks in use, newest first
  std::vector<Region> extras;  // frames outside of them (generators, C stack), most recently needed last
  // FrameRoot::kFrameObjects only; `chunks` are then the places of all of these, neighbours joined.
  std::vector<RemoteAddr> frames;  // the last known stack, innermost first
  std::vector<RemoteAddr> recent;  // others that were needed lately, the latest last
};

struct StackRequest {
  RemoteAddr thread_state;
  std::uint64_t id = 0;  // PyThreadState.id that must be found there
  StackPlan* plan = nullptr;
  bool still = false;  // it stands still until `copied` is called
};

struct StackOutcome {
  StackQuality quality = StackQuality::kLost;
  StackId stack = kNoStack;
  std::uint64_t context_version = 0;  // PyThreadState.context_ver, unless the stack was lost
  bool other_thread = false;          // the thread state belongs to another thread by now, or to none
  std::uint32_t retries = 0;
};

class StackReader {
 public:
  StackReader(MemoryReader& memory, const RuntimeLayout& layout, CodeCache& codes, StackTable& stacks)
      : memory_(memory), layout_(layout), codes_(codes), stacks_(stacks) {}

  // One outcome a request. `copied` is called as soon as nobody has to stand still any more. Errors: kGone, kDenied;
  // everything else is an outcome.
  Result<std::vector<StackOutcome>> read(std::span<const StackRequest> requests,
                                         const std::function<void()>& copied = nullptr);

 private:
  struct RawFrame {
    RemoteAddr address, code;
    Instruction instruction;
  };
  struct Copy {                                                          // one of the two reads of a thread
    std::vector<std::pair<Region, std::span<const std::byte>>> regions;  // the thread state first
    int loose_reads = 0;  // of a thread that stands still: how many frames outside of them may be read one by one
    bool sorted = false;  // those behind it, by address: frames on the heap can lie in hundreds of them
    const std::byte* find(RemoteAddr address, std::size_t size) const;
  };
  enum class WalkEnd { kRoot, kOutsidePlan, kGarbage };
  struct Walk {
    std::vector<RawFrame> frames;  // innermost first
    WalkEnd end = WalkEnd::kGarbage;
    Region missing;  // the first place that the plan did not have; of size 0: it had all
  };
  struct Pair {
    Copy first, second;
    bool complete = false;
  };

  Result<void> walk_still(std::span<const StackRequest> requests, std::vector<StackOutcome>& outcomes,
                          std::vector<Walk>& walks);
  Result<void> read_moving(std::span<const StackRequest> requests, std::vector<StackOutcome>& outcomes);
  static std::vector<std::size_t> those(std::span<const StackRequest> requests, bool still);
  std::uint64_t id_in(const Copy& copy) const;
  std::uint64_t context_version_in(const Copy& copy) const;
  RemoteAddr base_in(const Copy& copy) const;
  Result<void> copy_stacks(std::span<const StackRequest> requests, std::span<const std::size_t> which);
  Walk walk(Copy& copy, const StackPlan& plan);
  const std::byte* bytes_at(Copy& copy, const Region& place, Walk& walk);
  Walk walk_data_stack(Copy& copy);
  bool try_once(const StackRequest& request, Pair& pair, StackOutcome& outcome);
  std::optional<StackOutcome> agree(const Walk& a, const Walk& b);
  void extend(const StackRequest& request, const Copy& copy, const Region& missing);
  void plan_chunks(const StackRequest& request, const Copy& copy);
  static void keep_extras(StackPlan& plan, const Walk& latest);
  void keep(StackPlan& plan, const Walk& latest) const;

  struct FrameObject {
    RemoteAddr previous;
    RawFrame frame;
    bool executed = false;  // by its own account
  };
  FrameObject view_object(RemoteAddr address, const std::byte* bytes) const;
  Walk walk_objects(Copy& copy, const StackPlan& plan);
  Walk walk_remembered(const Copy& copy, const StackPlan& plan) const;
  void extend_objects(StackPlan& plan, RemoteAddr first) const;
  void plan_objects(StackPlan& plan) const;
  StackOutcome remembered(const StackRequest& request, const Pair& pair);

  MemoryReader& memory_;
  const RuntimeLayout& layout_;
  CodeCache& codes_;
  StackTable& stacks_;
  std::vector<std::byte> arena_;
  std::vector<std::byte> loose_;  // the latest of the loose reads
  std::vector<ReadRange> ranges_;
  std::vector<Pair> pairs_;  // by request
};

}  // namespace gilspy::sample
