// The frames of a file, which all its profiles share: activities, the program's functions, and what stands for none.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "formats/json/json_stream.h"
#include "gilspy/format.h"

namespace gilspy::speedscope {

class FrameList {
 public:
  FrameList(const Profile& profile, const RenderOptions& options);

  // "waits for a lock: self._lock of Pool", where it is known which; see Stretch::lock
  std::size_t of(Activity activity, std::uint16_t lock) const;
  std::size_t of(FrameId frame) const { return places_[to_int(frame)]; }
  // Of a stack that waited: "waiting: is_prime"
  std::size_t waiting(StackId waiter) const { return waiting_.at(waiter == kNoStack ? kNoFrame : of_leaf(waiter)); }

  // The stack, outermost frame first; a stack without frames is one that says so.
  void write_stack(formats::JsonStream& json, StackId stack) const;
  void write(formats::JsonStream& json) const;

  static constexpr std::size_t kNoFrame = kActivityCount;
  static constexpr std::size_t kHandOff = kActivityCount + 1;

 private:
  struct Row {
    explicit Row(std::string_view its_name, std::string its_file = {}, int its_line = 0)
        : name(its_name), file(std::move(its_file)), line(its_line) {}
    std::string name;
    std::string file;  // empty: none
    int line;          // 0: not known
  };

  std::size_t add(Row row);
  std::size_t of_leaf(StackId stack) const { return of(profile_.table.leaf(stack)); }

  const Profile& profile_;
  std::vector<Row> rows_;
  std::unordered_map<std::string, std::size_t> known_;
  std::vector<std::size_t> places_;                       // by FrameId
  std::vector<std::size_t> locks_;                        // by their place in the profile
  std::unordered_map<std::size_t, std::size_t> waiting_;  // by place of the innermost function
};

}  // namespace gilspy::speedscope
