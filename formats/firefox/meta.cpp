#include "meta.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "formats/timeline_walk/names.h"

namespace gilspy::firefox {
namespace {

using formats::JsonStream;

constexpr int kGeckoVersion = 32;
constexpr int kVersion = 57;

void write_category(JsonStream& json, std::string_view name, std::string_view its_colour) {
  json.object([&] {
    json.pair("name", name);
    json.pair("color", its_colour);
    json.array("subcategories", [&] { json.value("Other"); });
  });
}

void write_schema(JsonStream& json, Fields kind, std::string_view label,
                  const std::vector<std::pair<std::string_view, std::string_view>>& fields) {
  json.object([&] {
    json.pair("name", schema_of(kind));
    for (const std::string_view where : {"chartLabel", "tableLabel"}) {
      if (!label.empty()) json.pair(where, label);
    }
    json.array("display", [&] {
      for (const char* view : {"marker-chart", "marker-table", "timeline-overview"}) json.value(view);
    });
    json.array("fields", [&] {
      for (const auto& field : fields) {
        json.object([&] {
          json.pair("key", field.first);
          json.pair("label", field.second);
          json.pair("format", "string");
        });
      }
    });
  });
}

void write_extra(JsonStream& json, const Profile& profile, const Verdict& verdict, Nanos window) {
  json.object([&] {
    json.pair("label", "gilspy");
    json.array("entries", [&] {
      const auto entry = [&](std::string_view label, std::string_view value) {
        if (value.empty()) return;
        json.object([&] {
          json.pair("label", label);
          json.pair("format", "string");
          json.pair("value", value);
        });
      };
      Timeline shown;
      shown.window = std::max(window, profile.timeline.window);
      entry("Verdict", verdict.headline);
      entry("Coarseness", timeline_walk::coarseness(shown));
      entry("Ended early", profile.end_note);
      entry("Python", profile.target.python.text());
    });
  });
}

}  // namespace

std::string_view colour(Activity activity) {
  constexpr std::array<std::string_view, kActivityCount> kColours{"orange",  "yellow", "red",  "green",
                                                                  "magenta", "blue",   "grey", "darkgrey"};
  return kColours[index_of(activity)];
}

std::string_view schema_of(Fields fields) {
  constexpr std::array<std::string_view, 4> kNames{"Activity", "HoldsGil", "WaitsForGil", "WaitsForLock"};
  return kNames[static_cast<std::size_t>(fields)];
}

void write_meta(JsonStream& json, const Profile& profile, const Verdict& verdict, Nanos interval, Nanos window) {
  json.pair("version", kGeckoVersion);
  json.pair("preprocessedProfileVersion", kVersion);
  json.millis("interval", interval);
  json.millis("startTime", profile.began);
  json.pair("profilingStartTime", 0);
  json.millis("profilingEndTime", profile.duration);
  json.pair("product", timeline_walk::process_name(profile.target));
  json.pair("importedFrom", "gilspy");
  json.pair("processType", 0);
  json.pair("stackwalk", 0);
  json.pair("symbolicated", true);
  json.pair("keepProfileThreadOrder", true);
  json.pair("usesOnlyOneStackType", true);
  json.pair("sourceCodeIsNotOnSearchfox", true);
  json.pair("logicalCPUs", profile.cpus.online);
  json.new_line();
  json.array("categories", [&] {
    write_category(json, "Other", "grey");  // the viewer asks for a grey one for what has none
    for (const Activity activity : kActivities) write_category(json, words(activity), colour(activity));
  });
  json.new_line();
  json.array("markerSchema", [&] {
    write_schema(json, Fields::kNone, "", {});
    write_schema(json, Fields::kHolding, "{marker.data.function}", {{"function", "mostly in"}});
    write_schema(json, Fields::kWaiting, "{marker.data.holder}: {marker.data.function}",
                 {{"holder", "had the GIL longest meanwhile"}, {"function", "mostly in"}});
    write_schema(json, Fields::kLock, "{marker.data.lock}", {{"lock", "waits for"}});
  });
  json.new_line();
  json.array("extra", [&] { write_extra(json, profile, verdict, window); });
}

}  // namespace gilspy::firefox
