// Stacks of running threads, without stopping anybody: pairwise agreement, and what frames say of themselves.
//
// A thread's frames are copied twice in a row in one call, and both copies are walked from the innermost frame
// outwards. A chain counts when it comes to the thread's first frame. What agrees from the outermost frame on was on
// the stack all the while; what was called from there is told by the first copy, if all of these calls are known: each
// was certain before, from the same instruction of the same function. Otherwise the stack is cut where the agreement
// ends, and marked truncated. Nothing is repaired, and the longest of many tries is never picked, for that would favour
// deep stacks.
//
// On a data stack (3.11 and later, data_stack.cpp) frames say themselves who is on the stack: up to 3.13 whether one
// runs or has called another, later by being cleared when they leave. So a callee that had been left when it was copied
// is cut off.
//
// Objects on the heap (3.8 to 3.10, frame_objects.cpp) do not say whom they have called. Their moment is that of the
// thread state, which is copied between the two copies of the frames: whoever is the innermost in both was it then. One
// that was called meanwhile, or was left and has lost its link to its caller, is read again.
//
// Where no pair of data-stack copies has a chain that comes to the first frame, the outer part is had from the other
// end: frames lie one behind the other, and their code says how long they are. Of objects those stay that were on the
// stack last time, are being executed and still link to each other, from the outermost one on.
//
// A thread that stands still (it was stopped, or it needs the GIL of one that was) is read once: nothing can disagree.
//
// A walk that leaves the plan of its thread (stack_copies.h) extends it and tries again.
//
// Of a stack of many thousands of frames the innermost and the outermost are told (deep_stacks.cpp).
#pragma once

#include <functional>
#include <span>
#include <unordered_set>
#include <vector>

#include "code_cache.h"
#include "gilspy/ids.h"
#include "gilspy/layout.h"
#include "gilspy/sample.h"
#include "gilspy/stacks.h"
#include "gilspy/target.h"
#include "stack_copies.h"

namespace gilspy::sample {

inline constexpr int kMostTries = 4;        // of many, the calm moments would be the ones that are kept
inline constexpr int kMostFirstTries = 16;  // of a thread of which nothing is known yet
inline constexpr int kMostStillTries = 8;   // of a thread that stands still, to learn where its frames lie
inline constexpr std::size_t kMostFrames = 20'000;

struct StackOutcome {
  StackQuality quality = StackQuality::kLost;
  StackId stack = kNoStack;
  std::uint64_t context_version = 0;  // PyThreadState.context_ver, unless the stack was lost
  bool other_thread = false;          // the thread state belongs to another thread by now, or to none
  bool moved = false;                 // its frames changed while they were read: it ran
  std::uint32_t retries = 0;
};

class StackReader {
 public:
  StackReader(MemoryReader& memory, const RuntimeLayout& layout, CodeCache& codes, StackTable& stacks)
      : memory_(memory), layout_(layout), codes_(codes), stacks_(stacks), copies_(layout), ahead_(layout) {}

  // For a call that reads more than stacks: those whose stacks will be asked for next, as a guess. The ranges go into
  // that call; then note_ahead() says how many of them could be read.
  std::span<const ReadRange> plan_ahead(std::span<const StackRequest> requests);
  void note_ahead(std::size_t complete);

  // One outcome a request. `copied` is called as soon as nobody has to stand still any more. Errors: kGone, kDenied;
  // everything else is an outcome.
  Result<void> read(std::span<const StackRequest> requests, std::vector<StackOutcome>& outcomes,
                    const std::function<void()>& copied = nullptr);
  bool all_were_ahead() const { return all_were_ahead_; }  // the last read() needed no call of its own

 private:
  enum class FrameSays : std::uint8_t { kNothing, kRuns, kHasCalled };
  struct RawFrame {
    RemoteAddr address, code;
    Instruction instruction;
    FrameSays says = FrameSays::kNothing;
    bool joined = false;  // to its caller, in the copy: the two were copied at about the same moment
    bool entry = false;   // see KnownFrame, as the next
    RemoteAddr anchor{};
    bool left_out = false;  // stands for those that are

    bool same_call(const RawFrame& other) const { return address == other.address && code == other.code; }
  };
  enum class WalkEnd { kRoot, kOutsidePlan, kGarbage };
  struct Walk {
    std::vector<RawFrame> frames;  // innermost first
    WalkEnd end = WalkEnd::kGarbage;
    Region missing;         // the first place that the plan did not have; of size 0: it had all
    RemoteAddr root_entry;  // see StackPlan
    bool rooted = false;    // it passed the first frame of the data stack
    bool cut = false;       // the innermost frame is missing: it was only being set up
    bool outer = false;     // what is missing is behind the frames that are left out

    const RawFrame& at(std::size_t depth) const { return frames[frames.size() - 1 - depth]; }  // 0: the outermost
  };

  Result<void> walk_still(std::span<const StackRequest> requests, std::vector<StackOutcome>& outcomes,
                          std::vector<Walk>& walks);
  Result<void> read_moving(std::span<const StackRequest> requests, std::vector<StackOutcome>& outcomes);
  CopyPair* take_ahead(const StackRequest& request);
  static void those(std::span<const StackRequest> requests, bool still, std::vector<std::size_t>& which);
  std::uint64_t id_in(const Copy& copy) const;
  std::uint64_t context_version_in(const Copy& copy) const;
  RemoteAddr base_in(const Copy& copy) const;
  struct FrameView {
    RawFrame frame;
    RemoteAddr previous;
    bool sentinel = false;  // without Python code
    bool entered_from_c = false;
    bool unwritten = false;  // only being set up: what it says may be of the frame that lay there before
  };
  FrameView view_frame(RemoteAddr address, const std::byte* bytes) const;
  void walk(Copy& copy, const StackPlan& plan, Walk& result);
  const std::byte* bytes_at(Copy& copy, const Region& place, Walk& walk);
  void walk_data_stack(Copy& copy, const StackPlan& plan, Walk& result);
  static void enter_from(RemoteAddr sentinel, Walk& walk);
  bool is_first_frame(RemoteAddr frame, const StackPlan& plan) const;
  static bool in_chunks(RemoteAddr frame, const StackPlan& plan);
  bool has_frames(const Copy& copy, const StackPlan& plan) const;
  RemoteAddr caller_of(const FrameView& frame, const Copy& copy, const StackPlan& plan) const;
  bool is_copied(RemoteAddr frame, const Copy& copy, const StackPlan& plan) const;
  Walk walk_from_first(const Copy& copy, const StackPlan& plan, std::size_t most = kMostFrames);
  static bool may_leave_out(RemoteAddr address, const StackPlan& plan, const Walk& walk);
  void leave_out(RemoteAddr address, const Copy& copy, const StackPlan& plan, Walk& walk);
  static void choose_chunks(std::vector<Region>& chunks, StackPlan& plan);
  static bool recognise_chunks(std::vector<Region>& chunks, const StackPlan& plan);
  bool nears_what_is_left_out(const Copy& copy, const StackPlan& plan) const;
  static void cut_frames(StackPlan& plan);
  bool try_once(const StackRequest& request, CopyPair& pair, StackOutcome& outcome);
  static std::size_t settled(const Walk& a, const Walk& b);
  bool agree(StackPlan& plan, StackOutcome& outcome);
  static std::uint64_t key_of(const RawFrame& caller, const RawFrame& callee);
  bool are_known_calls(const Walk& walk, std::size_t depth, const StackPlan& plan) const;
  void learn_calls(const Walk& walk, std::size_t certain, StackPlan& plan);
  bool tell(const Walk& walk, std::size_t depth, bool whole, StackPlan& plan, StackOutcome& outcome);
  struct LookedUp {
    StackId stack = kNoStack;
    std::size_t depth = 0;
  };
  std::optional<LookedUp> stack_of(const Walk& walk, std::size_t depth, StackPlan& plan);
  Result<StackOutcome> outer_part(std::span<const StackRequest> requests, std::size_t which);
  void begin_epoch(StackPlan& plan) const;
  void extend(const StackRequest& request, const Copy& copy, const Walk& walk);
  void extend_data_stack(const StackRequest& request, const Copy& copy, const Region& missing);
  void plan_chunks(const StackRequest& request, const Copy& copy);
  void review_chunks(StackPlan& plan, const Copy& latest) const;
  static void keep_extras(StackPlan& plan, const Walk& latest);
  static void plan_others(StackPlan& plan);
  static void join(std::vector<Region>& places, std::vector<Region>& joined);
  static bool keep_frames(StackPlan& plan, const Walk& latest, std::vector<RemoteAddr>& left);
  void keep_data_stack(StackPlan& plan, const Walk& latest, const Copy& copy) const;
  void keep(StackPlan& plan, const Walk& latest, const Copy& copy) const;

  struct FrameObject {
    RemoteAddr previous;
    RawFrame frame;
    bool executed = false;  // by its own account
  };
  FrameObject view_object(RemoteAddr address, const std::byte* bytes) const;
  void walk_objects(Copy& copy, const StackPlan& plan, Walk& result);
  Walk walk_remembered(const Copy& copy, const StackPlan& plan) const;
  void keep_objects(StackPlan& plan, const Walk& latest) const;
  void extend_objects(StackPlan& plan, const Copy& copy, RemoteAddr first) const;
  void plan_objects(StackPlan& plan) const;

  MemoryReader& memory_;
  const RuntimeLayout& layout_;
  CodeCache& codes_;
  StackTable& stacks_;
  StackCopies copies_;
  StackCopies ahead_;
  std::vector<StackRequest> ahead_requests_;  // those of note_ahead() that nobody took
  bool all_were_ahead_ = false;
  std::vector<std::byte> loose_;             // the latest of the loose reads
  Walk first_, second_;                      // of the thread that is looked at
  std::unordered_set<std::uint64_t> calls_;  // keys of those that were seen for certain
  std::uint64_t learned_with_ = 0;           // CodeCache::replaced() at that time
  std::vector<std::size_t> open_, to_copy_;
};

}  // namespace gilspy::sample
