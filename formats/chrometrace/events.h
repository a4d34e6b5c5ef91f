// Events on their way into a file: none is kept.
#pragma once

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cstdint>
#include <string_view>

#include "gilspy/byte_sink.h"
#include "gilspy/ids.h"

namespace gilspy::chrometrace {

// A JSON document with one event a line. Calls in the order in which they stand here.
class Events {
 public:
  Events(std::int64_t pid, ByteSink& sink);

  // What is about no moment. Values are text: readers show it.
  void about(std::string_view name, std::string_view value);
  void begin();

  void name_process(std::string_view name);
  void name_thread(std::int64_t tid, std::string_view name, int place);

  void complete(std::int64_t tid, std::string_view name, Nanos from, Nanos to);
  void counter(std::string_view name, std::string_view unit, Nanos at, double value);

  void finish();

 private:
  void open(std::string_view kind, std::string_view name);
  void close();
  void pair(std::string_view key, std::string_view value);
  void pair(std::string_view key, std::int64_t value);
  void pair(std::string_view key, Nanos time);
  void key(std::string_view text);
  void flush();

  std::int64_t pid_;
  ByteSink& sink_;
  rapidjson::StringBuffer buffer_;
  rapidjson::Writer<rapidjson::StringBuffer> writer_;
};

}  // namespace gilspy::chrometrace
