#include "header.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "formats/json/json_writer.h"
#include "formats/thread_rows/thread_rows.h"
#include "gilspy/wording.h"
#include "page_text.h"
#include "tracks.h"

namespace gilspy::html {
namespace {

using formats::JsonWriter;

std::int64_t micros(Nanos time) { return (time.count() + 500) / 1000; }

std::string_view key_of(View view) {
  switch (view) {
    case View::kAll: return "all";
    case View::kHeld: return "held";
    case View::kWait: return "wait";
    case View::kBlame: return "blame";
  }
  return {};
}

void write_options(JsonWriter& json, const RenderOptions& options) {
  json.object("options", [&] {
    json.pair("view", key_of(options.view));
    json.pair("blocked", options.include_blocked);
    json.pair("threads", options.by_thread);
  });
}

void write_activities(JsonWriter& json) {
  json.array("activities", [&] {
    for (const Activity activity : kActivities) {
      json.object([&] {
        json.pair("key", key(activity));
        json.pair("words", words(activity));
      });
    }
  });
}

// The JSON document leaves these out: it has a thread state here, but was in another interpreter all the time.
bool is_elsewhere(const ThreadProfile& thread) {
  return thread.info.python &&
         std::all_of(thread.times.begin(), thread.times.end(), [](Nanos time) { return time == Nanos{0}; });
}

// The widest of its shares, in points; 0: not known.
double margin_of(const ThreadProfile& thread) {
  if (!thread.margins) return 0;
  return std::max(100 * double(*std::ranges::max_element(thread.margins->of)), 0.1);
}

void write_threads(JsonWriter& json, const Profile& profile) {
  json.array("threads", [&] {
    for (const ThreadProfile& thread : profile.threads) {
      json.object([&] {
        json.pair("name", wording::printable(wording::thread_label(profile, thread)));
        json.pair("tid", to_int(thread.info.tid));
        json.pair("interpreter", thread.info.interpreter_id);
        if (thread.info.python && profile.has_several_interpreters(thread.process)) {
          json.pair("inside", thread.info.interpreter_id);
        }
        json.pair("gil", to_int(thread.info.gil));
        json.pair("python", thread.info.python);
        json.pair("elsewhere", is_elsewhere(thread));
        json.pair("cpu_us", micros(thread.cpu));
        json.pair("margin", margin_of(thread));
      });
    }
  });
  json.array("tracks", [&] {
    for (const Track& track : tracks(profile)) {
      json.object([&] {
        const ThreadInfo& first = profile.threads[to_int(track.threads.front())].info;
        const bool is_shared = to_int(first.gil) < profile.gils.size() && profile.gils[to_int(first.gil)].is_shared();
        const std::string where = is_shared ? fmt::format(" in {}", first.interpreter_id) : std::string();
        json.pair("name", wording::printable(wording::thread_name(track.name)) + where);
        json.array("threads", [&] {
          for (const ThreadIndex thread : track.threads) json.value(to_int(thread));
        });
      });
    }
  });
}

std::string process_of(const Profile& profile, const GilProfile& gil) {
  const TargetFacts& target = profile.target_of(gil.process);
  return fmt::format("process {}: {}", to_int(target.pid), wording::printable(wording::command(target)));
}

// GILs are numbered as they were met, the youngest interpreter first; they are shown in the order of their
// interpreters.
std::size_t place_of(const Profile& profile, const GilProfile& gil) {
  const auto lowest = [](const GilProfile& one) {
    return one.interpreters.empty() ? 0 : *std::ranges::min_element(one.interpreters);
  };
  std::size_t first = profile.gils.size(), before = 0;
  for (const GilProfile& other : profile.gils) {
    if (other.process != gil.process) continue;
    first = std::min<std::size_t>(first, to_int(other.index));
    before += lowest(other) < lowest(gil) ? 1U : 0U;
  }
  return first + before;
}

void write_gils(JsonWriter& json, const Profile& profile) {
  json.array("gils", [&] {
    for (const GilProfile& gil : profile.gils) {
      json.object([&] {
        json.array("interpreters", [&] {
          for (const std::int64_t interpreter : gil.interpreters) json.value(interpreter);
        });
        if (profile.processes.size() > 1) json.pair("process", process_of(profile, gil));
        if (!profile.has_several_interpreters(gil.process)) return;
        json.pair("heading", thread_rows::heading(profile, gil));
        json.pair("place", place_of(profile, gil));
      });
    }
  });
}

void write_locks(JsonWriter& json, const Profile& profile) {
  json.array("locks", [&] {
    for (std::size_t i = 0; i < std::min(profile.locks.size(), kMostLocks); ++i) {
      json.value(wording::lock_name(profile.locks[i].info));
    }
  });
}

// Functions stand apart, since many frames are lines of one.
void write_frames(JsonWriter& json, const StackTable& table) {
  std::unordered_map<std::string, std::size_t> functions;
  std::vector<std::size_t> function_of;
  json.array("functions", [&] {
    for (std::size_t i = 0; i < table.frame_count(); ++i) {
      const auto [place, is_new] = functions.emplace(table.frame(FrameId(i)).file, functions.size());
      if (is_new) json.value(place->first);
      function_of.push_back(place->second);
    }
  });
  json.array("frames", [&] {
    for (std::size_t i = 0; i < table.frame_count(); ++i) json.value(table.frame(FrameId(i)).function);
  });
  json.array("function_of", [&] {
    for (const std::size_t function : function_of) json.value(function);
  });
}

}  // namespace

std::string header(const Profile& profile, const PageData& data, const RenderOptions& options) {
  JsonWriter json;
  json.object([&] {
    json.pair("duration_us", micros(profile.duration));
    json.pair("window_us", micros(data.timeline.window));
    json.array("excerpt_us", [&] {
      json.value(micros(data.excerpt.from));
      json.value(micros(data.excerpt.to));
    });
    json.pair("cpus", profile.cpus.available());
    write_options(json, options);
    write_activities(json);
    write_gils(json, profile);
    write_threads(json, profile);
    write_locks(json, profile);
    write_frames(json, data.table);
  });
  return json.text();
}

}  // namespace gilspy::html
