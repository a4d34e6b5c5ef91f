#include "process_run.h"

#include <utility>

#include "gil_reasons.h"
#include "gilspy/platform.h"

namespace gilspy::cli {
namespace {

using std::chrono_literals::operator""ms;

constexpr Nanos kLookEvery = 50ms;
constexpr Nanos kUpdateEvery = 1000ms;  // what a recording loses when gilspy is killed
constexpr Nanos kFirstUpdate = 100ms;   // short ones shall not lose all

void add_facts(RunFacts& facts, const Attachment& attachment) {
  facts.identity = attachment.target->identity();
  facts.python = attachment.location.version;
  facts.free_threaded = attachment.location.free_threaded;
  facts.cpus = platform::cpu_facts(facts.identity.pid);
  facts.system_calls_told = attachment.target->tells_system_calls();
  if (facts.free_threaded) {
    facts.gil_set_by = gil_set_by(facts.identity.command, platform::started_with(facts.identity.pid, "PYTHON_GIL"));
  }
}

}  // namespace

ProcessRun::ProcessRun(Attachment& attachment, RunFacts facts, recording::RecordingFile* file, NativeFrames native)
    : attachment_(attachment), watch_(attachment_.location.free_threaded) {
  add_facts(facts, attachment_);
  builder_.begin(facts);
  if (native != NativeFrames::kNone) {
    native_.emplace(*attachment_.target, attachment_.layout, attachment_.location.binary, native, *attachment_.stacks);
  }
  if (file == nullptr) return;
  sink_.emplace(*file, *attachment_.stacks);
  sink_->begin(std::move(facts));
}

Result<void> ProcessRun::tick(Nanos period) {
  const Nanos now = platform::now();
  sample_.period = period;
  if (ticks_ == 0 && native_) GILSPY_CHECK(attachment_.sampler->show_native());
  GILSPY_CHECK(attachment_.sampler->tick(now, sample_));
  if (ticks_ == 0) {
    watch_.look_around(*attachment_.target, platform::now());
    began_ = sample_.time = platform::now();
    next_update_ = began_ + kFirstUpdate;
  }
  ++ticks_;
  if (!native_) {
    take_in(sample_);
    return {};
  }
  native_->submit(std::move(sample_));
  sample_ = {};
  take_in_native(native_->is_full());
  return {};
}

void ProcessRun::take_in(const Sample& sample) {
  watch_.add(sample);
  builder_.add(sample);
  if (sink_) sink_->add(sample);
}

// Those that are complete, or with `wait` all.
void ProcessRun::take_in_native(bool wait) {
  while (const auto sample = native_->take(wait)) take_in(*sample);
}

void ProcessRun::keep_up(Nanos now) {
  if (now >= next_look_) {
    next_look_ = now + kLookEvery;
    watch_.look_at_cpu(*attachment_.target, now);
  }
  if (now < next_update_ && !(sink_ && sink_->block_is_full())) return;
  next_update_ = now + kUpdateEvery;
  RunUpdate update = take_update();
  if (!sink_) return;
  sink_->end_block(std::move(update));
  told_ = true;
}

void ProcessRun::glance(Nanos now) {
  attachment_.sampler->glance(now);
  watch_.count_glance();
}

RunUpdate ProcessRun::take_update() {
  if (native_) take_in_native(true);
  watch_.look_around(*attachment_.target, platform::now());
  RunUpdate update = watch_.take(*attachment_.sampler);
  builder_.update(update);
  return update;
}

Profile ProcessRun::finish(const std::string& end_note) {
  watch_.look_at_cpu(*attachment_.target, platform::now());
  RunUpdate update = take_update();
  native_.reset();
  if (sink_) sink_->end(std::move(update), end_note);
  return builder_.finish(std::move(*attachment_.stacks), end_note);
}

}  // namespace gilspy::cli
