#include "waiters.h"

#include <algorithm>
#include <string>

#include "formats/timeline_walk/fit.h"
#include "formats/timeline_walk/names.h"
#include "meta.h"

namespace gilspy::firefox {
namespace {

std::string name_of(const Profile& profile, const GilProfile& gil) {
  return timeline_walk::kWaitersTrack + timeline_walk::of_interpreters(profile, gil);
}

}  // namespace

void Waiters::add(GilIndex gil, const Lane& lane) {
  if (to_int(gil) >= gils_.size()) return;
  timeline_walk::for_each_state(lane, [&](auto first, auto end) {
    if (first->activity != Activity::kWaitsForGil) return;
    gils_[to_int(gil)].push_back({first->from, 1});
    gils_[to_int(gil)].push_back({(end - 1)->to, -1});
  });
}

// In order, one for each moment, the first at the begin of the recording.
void Waiters::sum_up(std::vector<Change>& changes) {
  changes.push_back({});
  std::sort(changes.begin(), changes.end(), [](const Change& a, const Change& b) { return a.at < b.at; });
  std::size_t last = 0;
  for (std::size_t i = 1; i < changes.size(); ++i) {
    if (changes[i].at == changes[last].at) {
      changes[last].by += changes[i].by;
    } else {
      changes[++last] = changes[i];
    }
  }
  changes.resize(last + 1);
}

void Waiters::write(formats::JsonStream& json, const Profile& profile, const std::vector<std::size_t>& main_places) {
  for (const GilProfile& gil : profile.gils) {
    std::vector<Change>& changes = gils_[to_int(gil.index)];
    if (changes.empty()) continue;
    sum_up(changes);
    const std::string name = name_of(profile, gil);
    json.object([&] {
      json.pair("name", name);
      json.pair("category", "GIL");
      json.pair("description", "How many threads wait for the GIL");
      json.pair("pid", std::to_string(to_int(profile.target_of(gil.process).pid)));
      json.pair("mainThreadIndex", main_places.at(gil.process));
      json.object("display", [&] {  // for viewers that know it
        json.pair("graphType", "line-accumulated");
        json.pair("unit", "");
        json.pair("color", colour(Activity::kWaitsForGil));
        json.pair("markerSchemaLocation", nullptr);
        json.pair("sortWeight", 5);
        json.pair("label", name);
      });
      json.object("samples", [&] {
        json.array("time", [&] {
          for (const Change& change : changes) json.millis(change.at);
        });
        json.array("count", [&] {
          for (const Change& change : changes) json.value(change.by);
        });
        json.pair("length", changes.size());
      });
    });
  }
}

}  // namespace gilspy::firefox
