// The target as every JSON of gilspy shows it.
#pragma once

#include "gilspy/profile.h"
#include "json_writer.h"

namespace gilspy::formats {

inline void write_target(JsonWriter& json, const TargetFacts& target) {
  json.object("target", [&] {
    json.pair("pid", to_int(target.pid));
    json.array("command", [&] {
      for (const std::string& argument : target.command) json.value(argument);
    });
    json.pair("python", target.python.text());
    json.pair("free_threaded", target.free_threaded);
    json.pair("gil_enabled", target.gil_enabled);
    json.pair("executable", target.executable);
  });
}

}  // namespace gilspy::formats
