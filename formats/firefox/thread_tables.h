// What the samples of one thread refer to: its stacks, their frames, and the functions of these.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "formats/json/json_stream.h"
#include "gilspy/format.h"
#include "string_list.h"

namespace gilspy::firefox {

class ThreadTables {
 public:
  ThreadTables(const Profile& profile, const RenderOptions& options, Strings& strings);

  // The number of the stack below the activity; made when it is first asked for.
  std::uint32_t of(Activity activity, StackId stack);
  void write(formats::JsonStream& json) const;

 private:
  struct StackRow {
    std::uint32_t frame = 0;
    std::optional<std::uint32_t> prefix;
  };
  struct FrameRow {
    std::uint32_t function = 0;
    int line = 0;                           // 0: none
    std::optional<std::uint32_t> category;  // none: that of the frame outside
  };
  struct FunctionRow {
    std::uint32_t name = 0;
    std::optional<std::uint32_t> file;
    int line = 0;  // 0: none
  };

  std::uint32_t root_of(Activity activity);
  std::uint32_t below(std::uint32_t prefix, std::uint32_t frame);
  std::uint32_t frame_of(FrameId id);
  std::uint32_t frame_of_nothing();
  std::uint32_t function_of(const FunctionRow& row);
  std::uint32_t add(const FrameRow& row);

  const Profile& profile_;
  const RenderOptions& options_;
  Strings& strings_;
  std::vector<StackRow> stacks_;
  std::vector<FrameRow> frames_;
  std::vector<FunctionRow> functions_;
  std::unordered_map<std::uint64_t, std::uint32_t> known_stacks_;  // by activity and StackId
  std::map<Activity, std::uint32_t> roots_;
  std::unordered_map<std::uint32_t, std::uint32_t> known_frames_;  // by FrameId
  std::map<std::pair<std::uint32_t, int>, std::uint32_t> frames_by_line_;
  std::map<std::pair<std::pair<std::uint32_t, std::uint32_t>, int>, std::uint32_t> known_functions_;
  std::optional<std::uint32_t> nothing_;  // the frame that stands for none
};

}  // namespace gilspy::firefox
