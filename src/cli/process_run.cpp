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

ProcessRun::ProcessRun(Attachment& attachment, RunFacts facts, recording::RecordingFile* file)
    : attachment_(attachment), watch_(attachment_.location.free_threaded) {
  add_facts(facts, attachment_);
  builder_.begin(facts);
  if (file == nullptr) return;
  sink_.emplace(*file, *attachment_.stacks);
  sink_->begin(std::move(facts));
}

Result<void> ProcessRun::tick(Nanos period) {
  const Nanos now = platform::now();
  sample_.period = period;
  GILSPY_CHECK(attachment_.sampler->tick(now, sample_));
  if (ticks_ == 0) {
    watch_.look_around(*attachment_.target, platform::now());
    began_ = sample_.time = platform::now();
    next_update_ = began_ + kFirstUpdate;
  }
  watch_.add(sample_);
  builder_.add(sample_);
  if (sink_) sink_->add(sample_);
  ++ticks_;
  return {};
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
  watch_.look_around(*attachment_.target, platform::now());
  RunUpdate update = watch_.take(*attachment_.sampler);
  builder_.update(update);
  return update;
}

Profile ProcessRun::finish(const std::string& end_note) {
  watch_.look_at_cpu(*attachment_.target, platform::now());
  RunUpdate update = take_update();
  if (sink_) sink_->end(std::move(update), end_note);
  return builder_.finish(std::move(*attachment_.stacks), end_note);
}

}  // namespace gilspy::cli
