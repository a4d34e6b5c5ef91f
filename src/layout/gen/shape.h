// What a build does differently from others, told by which types and fields it has: never by its version.
#pragma once

#include "gilspy/layout.h"
#include "gilspy/result.h"
#include "type_index.h"

namespace gilspy::layout::gen {

struct Shape {
  FrameRoot frame_root = FrameRoot::kInThread;
  GilHome gil_home = GilHome::kViaInterpreter;
  LineFormat line_format = LineFormat::kLocations;
  InstanceValues instance_values = InstanceValues::kInlineAfterObject;
  bool free_threaded = false;
  bool has_thread_local_bytecode = false;
  bool long_has_tag = false;
  std::uint8_t dict_before_object = 24;
  std::uint8_t lasti_unit = 1;
  std::uint8_t first_sentinel_owner = 0xff;
  std::uint8_t states_on_stack = 0;
  std::uint64_t pointer_tag_mask = 0;

  constexpr bool has_data_stack() const { return frame_root != FrameRoot::kFrameObjects; }
};

// Errors: kUnsupported, naming what is neither here nor there.
Result<Shape> shape_of(const TypeIndex& types);

}  // namespace gilspy::layout::gen
