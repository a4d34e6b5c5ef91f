// Events on their way into a file: none is kept.
#pragma once

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cstdint>
#include <optional>
#include <string_view>

#include "gilspy/byte_sink.h"
#include "gilspy/ids.h"

namespace gilspy::chrometrace {

// A JSON document with one event a line. Calls in the order in which they stand here.
class Events {
 public:
  struct Lane {
    Pid pid{};
    std::int64_t tid = 0;
  };

  explicit Events(ByteSink& sink);

  // What is about no moment. Values are text: readers show it.
  void about(std::string_view name, std::string_view value);
  void begin();

  void name_process(Pid pid, std::string_view name);
  void sort_process(Pid pid, int place);
  void name_thread(Lane lane, std::string_view name, int place);

  void complete(Lane lane, std::string_view name, Nanos from, Nanos to, std::string_view lock = {});
  void counter(Pid pid, std::string_view name, std::string_view unit, Nanos at, double value);

  void finish();

 private:
  void open(std::string_view kind, std::string_view name, Pid pid);
  void metadata(std::string_view name, Pid pid, std::optional<std::int64_t> tid);
  void close();
  void pair(std::string_view key, std::string_view value);
  void pair(std::string_view key, std::int64_t value);
  void pair(std::string_view key, Nanos time);
  void key(std::string_view text);
  void flush();

  ByteSink& sink_;
  rapidjson::StringBuffer buffer_;
  rapidjson::Writer<rapidjson::StringBuffer> writer_;
};

}  // namespace gilspy::chrometrace
