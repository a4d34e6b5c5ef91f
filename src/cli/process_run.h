// A run of the recorder, as far as it is about one process.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "attachment.h"
#include "formats/recording/recording_sink.h"
#include "gilspy/profile.h"
#include "gilspy/run.h"
#include "profile_builder.h"
#include "run_watch.h"
#include "src/native/native_run.h"

namespace gilspy::cli {

class ProcessRun {
 public:
  // `facts` lack what the attachment tells. Both, if there is a file, must outlive this.
  ProcessRun(Attachment& attachment, RunFacts facts, recording::RecordingFile* file,
             NativeFrames native = NativeFrames::kNone);
  void own(std::unique_ptr<Attachment> attachment) { owned_ = std::move(attachment); }  // the one that it was given

  Pid pid() const { return attachment_.target->identity().pid; }
  Liveness liveness() { return attachment_.target->liveness(); }
  std::uint64_t ticks() const { return ticks_; }
  Nanos began() const { return began_; }   // CLOCK_MONOTONIC; behind the first tick, which meets every thread
  bool has_told() const { return told_; }  // something of it is in the file

  // `period`: asked distance of its ticks. Errors: kGone, kDenied.
  Result<void> tick(Nanos period);
  void count_late(Nanos by) { watch_.count_late(by); }
  // What is due beside ticks.
  void keep_up(Nanos now);

  bool takes_turns() const { return ticks_ > 0 && attachment_.sampler->takes_turns(); }
  void glance(Nanos now);
  // As Target::release_late.
  bool release_late() { return attachment_.target->release_late(); }

  // `end_note`: why it ended before it was asked to; else empty. Nothing can be done with it any more.
  Profile finish(const std::string& end_note);

 private:
  RunUpdate take_update();
  void take_in(const Sample& sample);
  void take_in_native(bool wait);

  std::unique_ptr<Attachment> owned_;
  Attachment& attachment_;
  std::optional<recording::RecordingSink> sink_;
  RunWatch watch_;
  ProfileBuilder builder_;
  std::optional<native::NativeRun> native_;  // whose samples are complete later
  Sample sample_;
  Nanos began_{0}, next_look_{0}, next_update_{0};
  std::uint64_t ticks_ = 0;
  bool told_ = false;
};

}  // namespace gilspy::cli
