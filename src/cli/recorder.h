// The loop: sample, classify, aggregate, until the time is over, somebody asks to stop, or the process ends.
#pragma once

#include <functional>
#include <optional>

#include "attachment.h"
#include "followers.h"
#include "formats/recording/recording_sink.h"
#include "gilspy/profile.h"
#include "priority_guard.h"

namespace gilspy::cli {

struct RecordingPlan {
  double rate_hz = 1000;   // 0: as fast as possible
  double gil_rate_hz = 0;  // looks at the GILs alone between ticks
  std::optional<Nanos> duration;
  AsyncTasks tasks = AsyncTasks::kNone;
  NativeFrames native = NativeFrames::kNone;
  Stopping stopping = Stopping::kNever;                              // what the attachment does, to be noted
  std::function<void(Nanos elapsed, std::uint64_t ticks)> progress;  // called now and then
  recording::RecordingFile* file = nullptr;                          // where everything that is read goes as well
  PriorityGuard* priority = nullptr;                                 // of the thread that samples, to be watched
  bool to_its_end = false;  // the end of the process is what is waited for, and nothing to be told
  // Of a program: how long there may be no Python that can be sampled. None: as long as the root lives.
  std::optional<Nanos> patience;
};

struct Recorded {
  Profile profile;
  bool process_went = false;  // it ended, or replaced itself, before the recording did
  Result<void> kept;          // the recording, where there is a file. Errors: kCannotWrite; that ended the run
};

// A profile of at least one sample. Errors: kGone (ended before the first sample), kDenied.
Result<Recorded> record(Attachment& attachment, const RecordingPlan& plan, const platform::StopFlag& stop);

// The same of all processes of a program, until its root ends. Errors: also those of the root's attach_python, when
// neither it nor anybody below it can be sampled.
Result<Recorded> record(Followers& program, const RecordingPlan& plan, const platform::StopFlag& stop);

}  // namespace gilspy::cli
