// Interned frames and stacks. A stack is a node in a tree of frames, root first: equal stacks have equal ids.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gilspy/ids.h"

namespace gilspy {

struct Frame {
  std::string function;  // co_qualname, co_name before 3.11; UTF-8; of a native frame its demangled name
  std::string file;      // co_filename; UTF-8; of a native frame the module that it is in: "numpy/_multiarray_umath"
  int line = 0;          // 0: not known
  int first_line = 0;    // of the function
  bool native = false;   // not of Python

  bool operator==(const Frame&) const = default;
};

// Stands for those between the outermost and the innermost frames of a stack that is too deep to be told whole.
inline constexpr std::string_view kFramesLeftOut = "(frames left out)";
inline bool is_left_out(const Frame& frame) { return frame.native && frame.function == kFramesLeftOut; }

class StackTable {
 public:
  StackTable();

  FrameId intern(Frame frame);
  StackId child(StackId parent, FrameId frame);

  const Frame& frame(FrameId id) const { return frames_[to_int(id)]; }
  StackId parent(StackId stack) const { return nodes_[to_int(stack)].parent; }
  FrameId leaf(StackId stack) const { return nodes_[to_int(stack)].frame; }  // not for kNoStack
  std::vector<FrameId> frames_of(StackId stack) const;                       // root first

  std::size_t frame_count() const { return frames_.size(); }
  std::size_t stack_count() const { return nodes_.size(); }

 private:
  struct Node {
    StackId parent{};
    FrameId frame{};
  };
  std::vector<Frame> frames_;
  std::vector<Node> nodes_;  // nodes_[0] is kNoStack
  std::unordered_map<std::string, FrameId> frame_ids_;
  std::unordered_map<std::uint64_t, StackId> children_;  // parent << 32 | frame
};

}  // namespace gilspy
