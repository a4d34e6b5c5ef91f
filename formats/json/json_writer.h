// RapidJSON with what this project's values need: times in seconds, text that may not be UTF-8, numbers that may not
// be finite.
#pragma once

#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "gilspy/ids.h"

namespace gilspy::formats {

class JsonWriter {
 public:
  JsonWriter() : writer_(buffer_) { writer_.SetIndent(' ', 1); }

  // object([&] { pair("a", 1); })
  template <typename Members>
  void object(Members members) {
    writer_.StartObject();
    members();
    writer_.EndObject();
  }
  template <typename Members>
  void object(std::string_view key, Members members) {
    name(key);
    object(members);
  }
  template <typename Elements>
  void array(std::string_view key, Elements elements) {
    name(key);
    writer_.StartArray();
    elements();
    writer_.EndArray();
  }
  template <typename Value>
  void pair(std::string_view key, const Value& content) {
    name(key);
    value(content);
  }

  template <typename Integer, std::enable_if_t<std::is_integral_v<Integer>, bool> = true>
  void value(Integer content) {
    if constexpr (std::is_signed_v<Integer>) {
      writer_.Int64(content);
    } else {
      writer_.Uint64(content);
    }
  }
  void value(bool content) { writer_.Bool(content); }
  void value(double content);
  void value(Nanos content);  // seconds
  void value(std::nullptr_t) { writer_.Null(); }
  void value(std::string_view content);
  void value(const std::string& content) { value(std::string_view(content)); }

  void leave_out_indents() { writer_.SetIndent(' ', 0); }

  std::string text() const { return std::string(buffer_.GetString(), buffer_.GetSize()) + "\n"; }

 private:
  void name(std::string_view key);

  rapidjson::StringBuffer buffer_;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> writer_;
};

}  // namespace gilspy::formats
