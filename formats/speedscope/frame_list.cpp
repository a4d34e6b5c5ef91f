#include "frame_list.h"

#include <fmt/format.h>

#include <utility>

#include "formats/stack_view/stack_view.h"
#include "gilspy/wording.h"

namespace gilspy::speedscope {

FrameList::FrameList(const Profile& profile, const RenderOptions& options) : profile_(profile) {
  for (const Activity activity : kActivities) add(Row(words(activity)));
  add(Row(wording::kNoPythonFrame));
  add(Row("(hand-off)"));
  for (std::size_t i = 0; i < profile.table.frame_count(); ++i) {
    const Frame& frame = profile.table.frame(FrameId(static_cast<std::uint32_t>(i)));
    const std::string file = options.full_filenames ? frame.file : wording::short_file(frame.file, profile.target);
    const int line = !options.line_numbers ? 0 : options.by_function ? frame.first_line : frame.line;
    places_.push_back(add(Row(frame.function.empty() ? "(no name)" : std::string_view(frame.function), file, line)));
  }
  for (const LockProfile& lock : profile.locks) {
    const std::string name = fmt::format("{}: {}", words(Activity::kWaitsForLock), wording::lock_name(lock.info));
    locks_.push_back(is_contention(lock.info.kind) ? add(Row(name)) : index_of(Activity::kWaitsForLock));
  }
  for (const Blame& row : profile.blame) {
    const std::size_t waiter = row.waiter_stack == kNoStack ? kNoFrame : of_leaf(row.waiter_stack);
    if (waiting_.count(waiter) > 0) continue;
    Row waits = rows_[waiter];
    waits.name = std::string(stack_view::kWaiting) + waits.name;
    waiting_[waiter] = add(std::move(waits));
  }
}

std::size_t FrameList::of(Activity activity, std::uint16_t lock) const {
  if (activity != Activity::kWaitsForLock || lock == 0 || lock > locks_.size()) return index_of(activity);
  return locks_[lock - 1U];
}

// The same function and line can be several frames of the table, by what else it tells of them.
std::size_t FrameList::add(Row row) {
  const std::string key = fmt::format("{}\n{}\n{}\n{}", row.name.size(), row.name, row.line, row.file);
  const auto [known, is_new] = known_.try_emplace(key, rows_.size());
  if (is_new) rows_.push_back(std::move(row));
  return known->second;
}

void FrameList::write_stack(formats::JsonStream& json, StackId stack) const {
  if (stack == kNoStack) return json.value(kNoFrame);
  for (const FrameId frame : profile_.table.frames_of(stack)) json.value(of(frame));
}

void FrameList::write(formats::JsonStream& json) const {
  json.array("frames", [&] {
    for (const Row& row : rows_) {
      json.object([&] {
        json.pair("name", row.name);
        if (!row.file.empty()) json.pair("file", row.file);
        if (row.line > 0) json.pair("line", row.line);
      });
      json.new_line();
    }
  });
}

}  // namespace gilspy::speedscope
