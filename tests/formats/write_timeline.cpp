// gilspy_write_timeline SCENARIO|RECORDING.gilspy FILE...: writes the profile to every file, as its ending says, and
// tells what its timeline holds, as JSON: counted here, in another way than formats do.
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <stdexcept>

#include "formats/json/json_writer.h"
#include "formats/recording/recording_reader.h"
#include "gilspy/aggregate.h"
#include "gilspy/format.h"
#include "gilspy/platform.h"
#include "src/cli/replay.h"
#include "timeline_scenarios.h"

namespace gilspy {
namespace {

// A thread that works in two interpreters, each with a GIL of its own.
Profile visits() {
  using std::chrono_literals::operator""ms;
  Scenario scenario(0.4);
  scenario.another_gil();
  const ThreadIndex here = scenario.thread("visitor"), there = scenario.thread("visitor", GilIndex{1});
  const ThreadIndex other = scenario.thread("other", GilIndex{1});
  scenario.profile().threads[to_int(there)].info.tid = scenario.profile().threads[to_int(here)].info.tid;
  const StackId one = scenario.stack({{"one", "/tmp/a.py", 1, 1}}), two = scenario.stack({{"two", "/tmp/a.py", 2, 2}});
  scenario.add(here, Activity::kHoldsGil, 0ms, 100ms, one);
  scenario.add(there, Activity::kWaitsForGil, 100ms, 150ms, two);
  scenario.add(there, Activity::kHoldsGil, 150ms, 300ms, two);
  scenario.add(here, Activity::kHoldsGil, 300ms, 400ms, one);
  scenario.add(other, Activity::kHoldsGil, 50ms, 150ms, one);
  scenario.add(other, Activity::kBlocked, 150ms, 400ms, two);
  scenario.profile().target.executable = "/proc/self/exe";
  return scenario.finish(1.0);
}

Profile coarse() {
  Profile profile = turns_timeline(4, 2.0);
  profile.timeline.window = std::chrono::milliseconds(16);
  for (Lane& lane : profile.timeline.lanes) lane = coarsened(lane, profile.timeline.window);
  profile.timeline.turns_window = std::chrono::milliseconds(64);
  for (std::vector<Tenure>& tenures : profile.timeline.tenures) {
    tenures = coarsened(tenures, profile.timeline.turns_window);
  }
  return profile;
}

// A program: three processes that begin one after the other, the last one with two interpreters.
Profile processes() {
  std::vector<Profile> parts;
  for (std::int32_t i = 0; i < 3; ++i) {
    Profile part = i < 2 ? turns_timeline(3, 1.0) : visits();
    part.target.pid = Pid{9000 + 100 * i};
    part.target.command = {"python", "pool.py", "--worker", std::to_string(i)};
    part.first_tick = std::chrono::seconds(1000) + std::chrono::milliseconds(250 * i);
    const std::int32_t first = to_int(part.threads.front().info.tid);
    for (ThreadProfile& thread : part.threads) {
      thread.info.tid = Tid{to_int(part.target.pid) + to_int(thread.info.tid) - first};
    }
    parts.push_back(std::move(part));
  }
  return combined(std::move(parts));
}

const std::map<std::string, std::function<Profile()>> kScenarios{
    {"turns", [] { return turns_timeline(4, 2.0); }},
    {"churn", [] { return churn_timeline(300); }},
    {"hostile", hostile_timeline},
    {"visits", visits},
    {"interpreters", interpreters_timeline},
    {"coarse", coarse},
    {"processes", processes},
    {"million", [] { return turns_timeline(8, 930.0); }},  // stretches
    {"empty", [] { return Profile{}; }},
};

Profile profile_of(const std::string& name) {
  if (const auto scenario = kScenarios.find(name); scenario != kScenarios.end()) return scenario->second();
  const auto source = platform::open_source(name);
  if (!source.has_value()) throw std::runtime_error(source.error().message());
  const auto reader = recording::RecordingReader::open(**source);
  if (!reader.has_value()) throw std::runtime_error(reader.error().message());
  return cli::replay(**reader)->profile;
}

std::uint64_t peak_kilobytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stoull(line.substr(6));
  }
  return 0;
}

// What writing took: the peak begins anew before it.
struct Cost {
  double seconds = 0;
  std::uint64_t kilobytes = 0;
};

Cost write(const Profile& profile, const Verdict& verdict, const std::string& path) {
  class File : public ByteSink {
   public:
    explicit File(const std::string& file) : file_(file, std::ios::binary) {}
    void write(std::string_view bytes) override {
      file_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    }

   private:
    std::ofstream file_;
  };
  const Format* format = formats::of_file(path);
  if (format == nullptr) throw std::runtime_error("no format for " + path);
  std::ofstream("/proc/self/clear_refs") << "5";
  const std::uint64_t before = peak_kilobytes();
  const auto start = std::chrono::steady_clock::now();
  File file(path);
  format->write(profile, verdict, {}, file);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  return {.seconds = took.count(), .kilobytes = peak_kilobytes() - before};
}

void tell(formats::JsonWriter& json, const Timeline& timeline) {
  std::size_t stretches = 0;
  for (const Lane& lane : timeline.lanes) stretches += lane.size();
  json.pair("stretches", stretches);
  json.pair("window_ns", timeline.window.count());
  json.pair("turns_window_ns", timeline.turns_window.count());
  json.array("lanes", [&] {
    for (const Lane& lane : timeline.lanes) {
      json.object([&] {
        ActivityTimes times{};
        for (const Stretch& stretch : lane) times[index_of(stretch.activity)] += stretch.time();
        for (const Activity activity : kActivities) json.pair(key(activity), times[index_of(activity)].count());
      });
    }
  });
  json.array("gils", [&] {
    for (const std::vector<Tenure>& tenures : timeline.tenures) {
      std::map<std::uint32_t, Nanos> held;
      std::uint64_t handoffs = 0;
      const Tenure* before = nullptr;
      for (const Tenure& tenure : tenures) {
        held[to_int(tenure.holder)] += tenure.to - tenure.from;
        handoffs += before != nullptr && before->holder != tenure.holder ? 1 : 0;
        before = &tenure;
      }
      json.object([&] {
        json.pair("tenures", tenures.size());
        json.pair("handoffs", handoffs);
        json.object("held_ns", [&] {
          for (const auto& [holder, time] : held) json.pair(std::to_string(holder), time.count());
        });
      });
    }
  });
  double cpu_seconds = 0;
  for (const CpuUse& use : timeline.cpus)
    cpu_seconds += use.cpus * std::chrono::duration<double>(use.to - use.from).count();
  json.pair("cpu_seconds", cpu_seconds);
}

int run(int argc, char** argv) {
  const Profile profile = profile_of(argv[1]);
  const Verdict verdict = verdict::judge(profile);
  formats::JsonWriter json;
  json.object([&] {
    tell(json, profile.timeline);
    json.array("threads", [&] {
      for (const ThreadProfile& thread : profile.threads) {
        json.object([&] {
          json.pair("tid", to_int(thread.info.tid));
          json.pair("name", thread.info.name);
          json.pair("interpreter", thread.info.interpreter_id);
          json.pair("gil", to_int(thread.info.gil));
          json.pair("pid", to_int(profile.target_of(thread.process).pid));
        });
      }
    });
    json.object("costs", [&] {
      for (int i = 2; i < argc; ++i) {
        const Cost cost = write(profile, verdict, argv[i]);
        json.object(argv[i], [&] {
          json.pair("seconds", cost.seconds);
          json.pair("kilobytes", cost.kilobytes);
        });
      }
    });
  });
  std::cout << json.text();
  return 0;
}

}  // namespace
}  // namespace gilspy

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: gilspy_write_timeline SCENARIO|RECORDING.gilspy FILE...\n";
    return 64;
  }
  try {
    return gilspy::run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
