#include "stacks.h"

#include "formats/stack_view/frame_text.h"
#include "gilspy/wording.h"

namespace gilspy::perfetto {
namespace {

// What no frame of Python's belongs to: the frames that say what a thread did.
constexpr const char* kNoFile = "gilspy";

}  // namespace

Stacks::Stacks(const Profile& profile, const RenderOptions& options)
    : profile_(profile), options_(options), frames_(profile.table.frame_count(), 0) {}

std::uint64_t Stacks::number_of(StackId stack, Activity activity, wire::TracePacket& packet) {
  const std::uint64_t key = std::uint64_t{to_int(stack)} << 8 | index_of(activity);
  const auto [known, is_new] = stacks_.try_emplace(key, stacks_.size() + 1);
  if (!is_new) return known->second;
  wire::InternedData& interned = *packet.mutable_interned_data();
  std::vector<std::uint64_t> frames{plain_frame(std::string(words(activity)), interned)};
  for (const FrameId id : profile_.table.frames_of(stack)) frames.push_back(frame(id, interned));
  if (stack == kNoStack) frames.push_back(plain_frame(std::string(wording::kNoPythonFrame), interned));
  wire::Callstack& callstack = *interned.add_callstacks();
  callstack.set_iid(known->second);
  for (const std::uint64_t number : frames) callstack.add_frame_ids(number);
  return known->second;
}

std::uint64_t Stacks::frame(FrameId id, wire::InternedData& interned) {
  std::uint64_t& number = frames_[to_int(id)];
  if (number != 0) return number;
  const Frame& frame = profile_.table.frame(id);
  const std::uint64_t name = function(stack_view::plain_frame_text(frame, profile_.target, options_), interned);
  const std::uint64_t file = mapping(frame.file.empty() ? kNoFile : frame.file, interned);
  number = frame_of(name, file, interned);
  return number;
}

std::uint64_t Stacks::plain_frame(const std::string& name, wire::InternedData& interned) {
  return frame_of(function(name, interned), mapping(kNoFile, interned), interned);
}

std::uint64_t Stacks::frame_of(std::uint64_t function, std::uint64_t mapping, wire::InternedData& interned) {
  const auto [known, is_new] = known_frames_.try_emplace({function, mapping}, known_frames_.size() + 1);
  if (is_new) {
    wire::Frame& message = *interned.add_frames();
    message.set_iid(known->second);
    message.set_function_name_id(function);
    message.set_mapping_id(mapping);
  }
  return known->second;
}

std::uint64_t Stacks::function(const std::string& name, wire::InternedData& interned) {
  const auto [known, is_new] = functions_.try_emplace(name, functions_.size() + 1);
  if (is_new) {
    wire::InternedString& message = *interned.add_function_names();
    message.set_iid(known->second);
    message.set_str(wording::valid_utf8(name));
  }
  return known->second;
}

std::uint64_t Stacks::mapping(const std::string& file, wire::InternedData& interned) {
  const auto [known, is_new] = mappings_.try_emplace(file, mappings_.size() + 1);
  if (!is_new) return known->second;
  wire::InternedString& path = *interned.add_mapping_paths();
  path.set_iid(known->second);
  path.set_str(wording::valid_utf8(file));
  wire::Mapping& message = *interned.add_mappings();
  message.set_iid(known->second);
  message.add_path_string_ids(known->second);
  return known->second;
}

}  // namespace gilspy::perfetto
