#include "symbols.h"

#include "gilspy/wording.h"

namespace gilspy::pprof {
namespace {

constexpr std::uint64_t kMapping = 1;

std::string_view name_of(const Frame& frame) {
  return frame.function.empty() ? std::string_view("(no name)") : std::string_view(frame.function);
}

}  // namespace

// A mapping that has everything: without one readers look for symbols. Its name must not be that of a file: pprof would
// disassemble that one to find the lines of the source.
Symbols::Symbols(const Profile& profile, const RenderOptions& options, Messages& messages)
    : profile_(profile), options_(options), messages_(messages), of_frames_(profile.table.frame_count()) {
  wire::Mapping mapping;
  mapping.set_id(kMapping);
  mapping.set_filename(messages.string("Python " + profile.target.python.text()));
  mapping.set_has_functions(true);
  mapping.set_has_filenames(true);
  mapping.set_has_line_numbers(true);
  mapping.set_has_inline_frames(true);
  messages.put(wire::Profile::kMappingFieldNumber, mapping);
}

void Symbols::add_stack(StackId stack, wire::Sample& sample) {
  if (stack == kNoStack) return add_frame(wording::kNoPythonFrame, sample);
  for (; stack != kNoStack; stack = profile_.table.parent(stack)) {
    sample.add_location_id(location(profile_.table.leaf(stack)));
  }
}

void Symbols::add_frame(std::string_view name, wire::Sample& sample) {
  sample.add_location_id(location(function(name, "", 0), 0));
}

std::string_view Symbols::leaf_name(StackId stack) const {
  stack = wording::python_part(profile_.table, stack);
  return stack == kNoStack ? wording::kNoPythonFrame : name_of(profile_.table.frame(profile_.table.leaf(stack)));
}

std::uint64_t Symbols::location(FrameId id) {
  std::uint64_t& known = of_frames_[to_int(id)];
  if (known != 0) return known;
  const Frame& frame = profile_.table.frame(id);
  const int line = !options_.line_numbers ? 0 : options_.by_function ? frame.first_line : frame.line;
  return known = location(function(name_of(frame), frame.file, frame.first_line), line);
}

std::uint64_t Symbols::location(std::uint64_t function, int line) {
  const auto [known, is_new] = locations_.try_emplace({function, line}, locations_.size() + 1);
  if (is_new) {
    wire::Location location;
    location.set_id(known->second);
    location.set_mapping_id(kMapping);
    wire::Line& where = *location.add_line();
    where.set_function_id(function);
    where.set_line(line);
    messages_.put(wire::Profile::kLocationFieldNumber, location);
  }
  return known->second;
}

// The system's name stays empty: readers take one that is there for mangled, and cut <...> out of what they make of it.
std::uint64_t Symbols::function(std::string_view name, std::string_view file, int first_line) {
  const std::int64_t name_at = messages_.string(name), file_at = messages_.string(file);
  const auto [known, is_new] = functions_.try_emplace({name_at, file_at, first_line}, functions_.size() + 1);
  if (is_new) {
    wire::Function function;
    function.set_id(known->second);
    function.set_name(name_at);
    function.set_filename(file_at);
    function.set_start_line(first_line);
    messages_.put(wire::Profile::kFunctionFieldNumber, function);
  }
  return known->second;
}

}  // namespace gilspy::pprof
