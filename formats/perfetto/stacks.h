// Call stacks as numbers: a stack is written out when it is first used.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "gilspy/activity.h"
#include "gilspy/format.h"
#include "trace.pb.h"

namespace gilspy::perfetto {

class Stacks {
 public:
  Stacks(const Profile& profile, const RenderOptions& options);

  // The stack's number. Its first frame is what the thread did with it. What is new goes into `interned`.
  std::uint64_t number_of(StackId stack, Activity activity, wire::TracePacket& packet);

 private:
  using Numbers = std::unordered_map<std::string, std::uint64_t>;

  std::uint64_t frame(FrameId id, wire::InternedData& interned);
  std::uint64_t plain_frame(const std::string& name, wire::InternedData& interned);
  // Frames that read the same are the same: those of different lines, where lines are not shown.
  std::uint64_t frame_of(std::uint64_t function, std::uint64_t mapping, wire::InternedData& interned);
  std::uint64_t function(const std::string& name, wire::InternedData& interned);
  std::uint64_t mapping(const std::string& file, wire::InternedData& interned);

  const Profile& profile_;
  RenderOptions options_;
  std::unordered_map<std::uint64_t, std::uint64_t> stacks_;                        // by stack and activity
  std::vector<std::uint64_t> frames_;                                              // by FrameId; 0: not yet
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t> known_frames_;  // by function and mapping
  Numbers functions_, mappings_;
};

}  // namespace gilspy::perfetto
