#include "gilspy/stacks.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace gilspy {
namespace {

// The lengths keep ("ab", "c") and ("a", "bc") apart whatever bytes the names hold.
std::string key_of(const Frame& frame) {
  return fmt::format("{} {} {} {} {} {}{}", int{frame.native}, frame.line, frame.first_line, frame.function.size(),
                     frame.file.size(), frame.function, frame.file);
}

}  // namespace

StackTable::StackTable() { nodes_.emplace_back(); }

FrameId StackTable::intern(Frame frame) {
  const auto [entry, is_new] = frame_ids_.try_emplace(key_of(frame), FrameId(frames_.size()));
  if (is_new) frames_.push_back(std::move(frame));
  return entry->second;
}

StackId StackTable::child(StackId parent, FrameId frame) {
  const std::uint64_t key = std::uint64_t{to_int(parent)} << 32 | to_int(frame);
  const auto [entry, is_new] = children_.try_emplace(key, StackId(nodes_.size()));
  if (is_new) nodes_.push_back({.parent = parent, .frame = frame});
  return entry->second;
}

std::vector<FrameId> StackTable::frames_of(StackId stack) const {
  std::vector<FrameId> frames;
  for (; stack != kNoStack; stack = parent(stack)) frames.push_back(leaf(stack));
  std::reverse(frames.begin(), frames.end());
  return frames;
}

}  // namespace gilspy
