#include "shape.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace gilspy::layout::gen {
namespace {

tl::unexpected<Error> unlike(std::string_view what) {
  return fail(ErrorCode::kUnsupported, fmt::format("unlike every CPython so far: {}", what));
}

Result<FrameRoot> frame_root_of(const TypeIndex& types) {
  if (types.field("_ts", "current_frame")) return FrameRoot::kInThread;
  // 3.10 has a _PyCFrame, too, for tracing alone.
  if (types.field("_ts", "cframe") && types.field("_PyCFrame", "current_frame")) return FrameRoot::kViaCframe;
  if (types.field("_ts", "frame")) return FrameRoot::kFrameObjects;
  return unlike("PyThreadState has neither current_frame nor cframe nor frame");
}

Result<GilHome> gil_home_of(const TypeIndex& types) {
  if (types.field("pyruntimestate", "ceval.gil")) return GilHome::kInRuntime;
  if (types.field("_is", "ceval.gil")) return GilHome::kViaInterpreter;
  return unlike("neither _PyRuntime nor PyInterpreterState has ceval.gil");
}

Result<LineFormat> line_format_of(const TypeIndex& types) {
  if (types.field("PyCodeObject", "co_code_adaptive")) return LineFormat::kLocations;
  if (types.field("PyCodeObject", "co_linetable")) return LineFormat::kRanges;
  if (types.field("PyCodeObject", "co_lnotab")) return LineFormat::kLnotab;
  return unlike("PyCodeObject has neither co_linetable nor co_lnotab");
}

InstanceValues instance_values_of(const TypeIndex& types) {
  if (types.field("_dictvalues", "capacity")) return InstanceValues::kInlineAfterObject;
  if (types.has("PyDictOrValues")) return InstanceValues::kTaggedBeforeObject;
  if (types.has("_dictvalues")) return InstanceValues::kPointerBeforeObject;
  return InstanceValues::kNone;
}

// 0xff where no kind of frame is without Python code. A kind that is new has to be looked at by somebody.
Result<std::uint8_t> first_sentinel_owner_of(const TypeIndex& types) {
  constexpr std::array<std::string_view, 3> kReal{"FRAME_OWNED_BY_THREAD", "FRAME_OWNED_BY_GENERATOR",
                                                  "FRAME_OWNED_BY_FRAME_OBJECT"};
  constexpr std::array<std::string_view, 2> kSentinels{"FRAME_OWNED_BY_CSTACK", "FRAME_OWNED_BY_INTERPRETER"};
  const auto owners = types.enumerators("_frameowner");
  if (!owners) return unlike("there is no enum _frameowner");
  std::int64_t first = 0xff;
  for (const Enumerator& owner : *owners) {
    if (std::ranges::count(kSentinels, owner.name) > 0) {
      first = std::min(first, owner.value);
    } else if (std::ranges::count(kReal, owner.name) == 0) {
      return unlike(fmt::format("a frame can be {}", owner.name));
    }
  }
  return static_cast<std::uint8_t>(first);
}

}  // namespace

Result<Shape> shape_of(const TypeIndex& types) {
  Shape shape;
  GILSPY_TRY(shape.frame_root, frame_root_of(types));
  GILSPY_TRY(shape.gil_home, gil_home_of(types));
  GILSPY_TRY(shape.line_format, line_format_of(types));
  shape.instance_values = instance_values_of(types);
  shape.free_threaded = types.field("_object", "ob_tid").has_value();
  shape.has_thread_local_bytecode = shape.free_threaded && types.field("PyCodeObject", "co_tlbc");
  shape.long_has_tag = types.field("_longobject", "long_value.lv_tag").has_value();
  // MANAGED_DICT_OFFSET: before the header of the garbage collector, which free-threaded builds do without.
  shape.dict_before_object = shape.free_threaded ? 8 : 24;
  shape.lasti_unit = shape.line_format == LineFormat::kRanges ? 2 : 1;
  if (shape.has_data_stack()) {
    GILSPY_TRY(shape.first_sentinel_owner, first_sentinel_owner_of(types));
  }
  // A flag up to 3.9; in 3.10 FRAME_EXECUTING is 0 and FRAME_UNWINDING 2 (genobject.h, frameobject.h).
  if (!shape.has_data_stack()) shape.states_on_stack = types.field("_frame", "f_executing") ? 0b10 : 0b101;
  const auto code = types.field("_PyInterpreterFrame", "f_executable");
  if (code && code->type == "_PyStackRef") shape.pointer_tag_mask = 3;  // Py_TAG_BITS
  return shape;
}

}  // namespace gilspy::layout::gen
