// Functions and locations, each written when it is first needed.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "gilspy/format.h"
#include "messages.h"

namespace gilspy::pprof {

class Symbols {
 public:
  Symbols(const Profile& profile, const RenderOptions& options, Messages& messages);

  void add_stack(StackId stack, wire::Sample& sample);          // one without frames says so
  void add_frame(std::string_view name, wire::Sample& sample);  // what is no function of the program
  std::string_view leaf_name(StackId stack) const;

 private:
  std::uint64_t location(FrameId frame);
  std::uint64_t location(std::uint64_t function, int line);
  std::uint64_t function(std::string_view name, std::string_view file, int first_line);

  const Profile& profile_;
  const RenderOptions& options_;
  Messages& messages_;
  std::vector<std::uint64_t> of_frames_;                              // locations by FrameId; 0: not written yet
  std::map<std::pair<std::uint64_t, int>, std::uint64_t> locations_;  // by function and line
  std::map<std::tuple<std::int64_t, std::int64_t, int>, std::uint64_t> functions_;
};

}  // namespace gilspy::pprof
