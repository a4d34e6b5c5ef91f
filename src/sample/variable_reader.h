// The variables of frames as text.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "bounded_memory.h"
#include "frame_reader.h"
#include "gilspy/layout.h"
#include "gilspy/variables.h"
#include "type_book.h"
#include "value_text.h"

namespace gilspy::sample {

class VariableReader {
 public:
  VariableReader(MemoryReader& memory, const RuntimeLayout& layout, CodeCache& codes)
      : layout_(layout),
        frames_(memory, layout, codes),
        pages_(memory),
        types_(pages_, layout),
        values_(pages_, layout, types_) {}

  // Of one thread; the outermost frame comes first. Read twice: what is kRead was the same both times. That these
  // frames are on the stack is for the caller to know.
  std::vector<FrameVariables> read(std::span<const FramePlace> places, VariableDetail detail);

 private:
  struct Pass {
    std::vector<std::optional<FrameSlots>> slots;  // by depth
    std::vector<FrameVariables> frames;
  };
  Pass pass(std::span<const FramePlace> places);
  FrameVariables variables_of(const FramePlace& place, const FrameSlots& slots);
  void add(std::string name, RemoteAddr value, bool argument, FrameVariables& frame);
  void add_mapping(RemoteAddr mapping, Scope scope, FrameVariables& frame);

  const RuntimeLayout& layout_;
  FrameReader frames_;
  BoundedMemory pages_;
  TypeBook types_;
  ValueText values_;
  VariableDetail detail_ = VariableDetail::kShort;
  std::size_t reads_left_ = 800'000;  // of pages, in all
};

}  // namespace gilspy::sample
