#include "pprof.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "formats/gzip/gzip_sink.h"
#include "formats/timeline_walk/names.h"
#include "formats/timeline_walk/walk.h"
#include "messages.h"
#include "symbols.h"

namespace gilspy {
namespace pprof {
namespace {

enum Value : std::size_t { kSamples, kWall, kHeld, kWait, kBlame, kNative, kValues };
constexpr std::array<std::string_view, kValues> kNames{"samples",  "wall",      "gil_held",
                                                       "gil_wait", "gil_blame", "native"};

class Writer {
 public:
  Writer(const Profile& profile, const RenderOptions& options, ByteSink& to)
      : profile_(profile), options_(options), messages_(to), symbols_(profile, options, messages_) {}

  void write(const Verdict& verdict) {
    for (std::size_t value = 0; value < kValues; ++value) {
      messages_.put(wire::Profile::kSampleTypeFieldNumber,
                    type(kNames[value], value == kSamples ? "count" : "nanoseconds"));
    }
    for (const StackTime& row : profile_.stacks) {
      if (row.time > Nanos{0}) put(row);
    }
    for (const Blame& row : profile_.blame) {
      if (row.time > Nanos{0}) put(row);
    }
    put_rest(verdict);
    messages_.finish();
  }

 private:
  wire::ValueType type(std::string_view name, std::string_view unit) {
    wire::ValueType type;
    type.set_type(messages_.string(name));
    type.set_unit(messages_.string(unit));
    return type;
  }

  // A profile has times only. Rounds the running sum, so that no sample is lost or made up by rounding row by row.
  std::int64_t samples_of(Nanos time) {
    counted_ += time;
    const std::int64_t sum = (counted_ + period_ / 2) / period_;
    return sum - std::exchange(samples_, sum);
  }

  void label(wire::Sample& sample, std::string_view key, std::string_view value) {
    wire::Label& label = *sample.add_label();
    label.set_key(messages_.string(key));
    label.set_str(messages_.string(value));
  }

  void label(wire::Sample& sample, ThreadIndex index) {
    if (to_int(index) >= profile_.threads.size()) return;
    const std::uint32_t process = profile_.threads[to_int(index)].process;
    const ThreadInfo& thread = profile_.threads[to_int(index)].info;
    label(sample, "thread", timeline_walk::thread_name(thread));
    wire::Label& tid = *sample.add_label();
    tid.set_key(messages_.string("tid"));
    tid.set_num(to_int(thread.tid));
    label(sample, "interpreter", std::to_string(thread.interpreter_id));
    if (timeline_walk::has_several_processes(profile_)) {
      label(sample, "process", std::to_string(to_int(profile_.target_of(process).pid)));
    }
  }

  void put(const wire::Sample& sample) { messages_.put(wire::Profile::kSampleFieldNumber, sample); }

  void put(const StackTime& row) {
    wire::Sample sample;
    symbols_.add_stack(row.stack, sample);
    std::array<std::int64_t, kValues> values{};
    const std::int64_t time = row.time.count();
    values[kSamples] = samples_of(row.time);
    values[kWall] = time;
    if (holds(row.activity)) values[kHeld] = time;
    if (row.activity == Activity::kWaitsForGil) values[kWait] = time;
    if (row.activity == Activity::kRunsWithoutGil) values[kNative] = time;
    sample.mutable_value()->Add(values.begin(), values.end());
    label(sample, row.thread);
    label(sample, "state", key(row.activity));
    put(sample);
  }

  void put(const Blame& row) {
    wire::Sample sample;
    if (row.holder == Blame::kNobody) {
      symbols_.add_frame("(hand-off)", sample);
    } else {
      symbols_.add_stack(row.holder_stack, sample);
    }
    std::array<std::int64_t, kValues> values{};
    values[kBlame] = row.time.count();
    sample.mutable_value()->Add(values.begin(), values.end());
    label(sample, row.holder);
    label(sample, "waiting", symbols_.leaf_name(row.waiter_stack));
    put(sample);
  }

  // What a reader of the file is to see first; who never waited has nothing to see there.
  Value first_shown() const {
    switch (options_.view) {
      case View::kHeld: return kHeld;
      case View::kBlame: return kBlame;
      case View::kWait: return kWait;
      case View::kAll: break;
    }
    const bool waits = std::any_of(profile_.threads.begin(), profile_.threads.end(), [](const ThreadProfile& thread) {
      return thread.times[index_of(Activity::kWaitsForGil)] > Nanos{0};
    });
    return waits ? kWait : kWall;
  }

  void put_rest(const Verdict& verdict) {
    wire::Profile rest;
    rest.set_time_nanos(profile_.began.count());
    rest.set_duration_nanos(profile_.duration.count());
    *rest.mutable_period_type() = type(kNames[kWall], "nanoseconds");
    rest.set_period(period_.count());
    rest.set_default_sample_type(messages_.string(kNames[first_shown()]));
    rest.add_comment(messages_.string(verdict.headline));
    rest.add_comment(messages_.string("command: " + timeline_walk::process_name(profile_.target)));
    if (timeline_walk::has_several_processes(profile_)) {
      for (const Profile& process : profile_.processes) {
        rest.add_comment(messages_.string("process " + std::to_string(to_int(process.target.pid)) + ": " +
                                          timeline_walk::process_name(process.target)));
      }
    }
    rest.add_comment(messages_.string("Python " + profile_.target.python.text() + ", profiled by gilspy"));
    if (!profile_.end_note.empty()) {
      rest.add_comment(messages_.string("the recording ended early: " + profile_.end_note));
    }
    messages_.put(rest);
  }

  const Profile& profile_;
  const RenderOptions& options_;
  Messages messages_;
  Symbols symbols_;
  Nanos period_ = std::max(timeline_walk::distance_of_ticks(profile_), Nanos{1});
  Nanos counted_{0};
  std::int64_t samples_ = 0;
};

}  // namespace
}  // namespace pprof

void formats::write_pprof(const Profile& profile, const Verdict& verdict, const RenderOptions& options, ByteSink& to) {
  GzipSink packed(to);
  pprof::Writer(profile, options, packed).write(verdict);
  packed.finish();
}

}  // namespace gilspy
