// Where the frames of a thread lay when they were last read, and what they were.
#pragma once

#include <cstdint>
#include <vector>

#include "code_cache.h"
#include "gilspy/ids.h"

namespace gilspy::sample {

struct Region {
  RemoteAddr begin;
  std::uint32_t size = 0;
};

// A frame that was looked up, and the stack that it ends.
struct KnownFrame {
  RemoteAddr address;  // where it lay when it was seen last
  RemoteAddr code;
  Instruction instruction;
  StackId stack = kNoStack;
  bool learned = false;  // that its caller calls it there
  bool entry = false;    // the interpreter's loop was entered with it, from C
  RemoteAddr anchor{};   // see NativeCopy::Entry
};

struct StackPlan {
  // What is copied: data-stack chunks in use, the newest first; and the places of frames outside of them, neighbours
  // joined. Frames that are objects on the heap (FrameRoot::kFrameObjects) all lie in `others`.
  std::vector<Region> chunks;
  std::vector<Region> others;
  RemoteAddr oldest_chunk;     // in which the outermost frame was seen; null: not known yet
  std::vector<Region> extras;  // those outside of the chunks (generators, the C stack), the most recently needed last
  std::vector<RemoteAddr> recent;  // FrameRoot::kFrameObjects: frames that were needed lately, the latest last
  std::vector<RemoteAddr> frames;  // FrameRoot::kFrameObjects: of the last known stack, outermost first
  // A stack that is too deep to be read whole (deep_stacks.cpp). In `frames` a null address stands for what is left
  // out.
  bool left_out = false;            // by the number of frames
  unsigned misses = 0;              // reads of late that came to nothing
  Region behind;                    // the newest of the chunks that are not copied
  std::vector<RemoteAddr> lineage;  // all chunks of such a stack, the oldest first
  unsigned outer_asked = 0;         // how often the outermost frames led to a place that was not copied
  // How much of the newest chunk was in use since the plan was last reviewed, at most, and how many reads ago that was.
  std::uint32_t used_most = 0;
  std::uint32_t reads = 0;
  // Where the last known stack ends, on the C stack: linked to from the first frame of the data stack, it stays as long
  // as that frame does, and need not be read again in the same epoch. Null: not known.
  RemoteAddr root_entry;
  // The last known stack, outermost first: callers mostly stay, and need not be looked up again in the same epoch.
  std::vector<KnownFrame> known;
  std::size_t depth = 0;    // of that stack: there may be more in `known`, of a deeper one
  std::uint64_t epoch = 0;  // of the code cache, in which these two were found
};

}  // namespace gilspy::sample
