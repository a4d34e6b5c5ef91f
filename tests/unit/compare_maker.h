// Recordings that nobody made: timelines with a known truth.
#pragma once

#include <string>
#include <utility>

#include "gilspy/compare.h"
#include "gilspy/verdict.h"
#include "sample_profile.h"

namespace gilspy {

// A profile whose sums follow from its timeline, one stretch after the other.
class RecordingMaker {
 public:
  explicit RecordingMaker(double seconds) : builder_(seconds) {
    profile().pressure.watched = profile().duration;
    profile().timeline.lanes.resize(1);
  }

  ThreadIndex thread(std::string name) {
    const ThreadIndex index = builder_.thread(std::move(name));
    profile().timeline.lanes.resize(profile().threads.size());
    return index;
  }
  StackId stack(const std::vector<Frame>& frames) { return builder_.stack(frames); }
  StackId function(const std::string& name, const std::string& file = "/home/ann/lab/app.py", int line = 7) {
    return stack({{"main", "/home/ann/lab/app.py", 99, 90}, {name, file, line + 2, line}});
  }

  void spend(ThreadIndex thread, Activity activity, double from, double to, StackId stack = kNoStack) {
    builder_.spend(thread, activity, to - from, stack);
    append(profile().timeline.lanes[to_int(thread)],
           {ProfileBuilder::nanos(from), ProfileBuilder::nanos(to), stack, activity});
  }

  Profile& profile() { return builder_.profile(); }

 private:
  ProfileBuilder builder_;
};

inline Comparison compared(const Profile& base, const Profile& head, std::optional<double> base_work = {},
                           std::optional<double> head_work = {}) {
  const Verdict base_verdict, head_verdict;
  return compare::compare({base, base_verdict, base_work}, {head, head_verdict, head_work});
}

}  // namespace gilspy
