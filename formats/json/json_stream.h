// JSON on its way out, for files of any size: no more than a piece of it is kept. The calls are those of JsonWriter;
// numbers are written as they are, so times are not among them.
#pragma once

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "gilspy/byte_sink.h"
#include "gilspy/ids.h"

namespace gilspy::formats {

class JsonStream {
 public:
  explicit JsonStream(ByteSink& to) : to_(to), writer_(buffer_) {}  // which must outlive it

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
  void array(Elements elements) {
    writer_.StartArray();
    elements();
    writer_.EndArray();
  }
  template <typename Elements>
  void array(std::string_view key, Elements elements) {
    name(key);
    array(elements);
  }
  template <typename Value>
  void pair(std::string_view key, const Value& content) {
    name(key);
    value(content);
  }

  template <typename Integer, std::enable_if_t<std::is_integral_v<Integer>, bool> = true>
  void value(Integer content) {
    if constexpr (std::is_same_v<Integer, bool>) {
      writer_.Bool(content);
    } else if constexpr (std::is_signed_v<Integer>) {
      writer_.Int64(content);
    } else {
      writer_.Uint64(content);
    }
    flush_if_long();
  }
  void value(std::nullptr_t) { writer_.Null(); }
  void value(std::string_view content);  // bytes that are not UTF-8 become U+FFFD
  void value(const std::string& content) { value(std::string_view(content)); }
  void value(const char* content) { value(std::string_view(content)); }

  void millis(Nanos time);  // milliseconds with all digits
  void millis(std::string_view key, Nanos time) {
    name(key);
    millis(time);
  }

  void new_line() { buffer_.Put('\n'); }  // so that people and diffs find something
  void finish();                          // to be called once, behind the last value

 private:
  void name(std::string_view key) { writer_.Key(key.data(), static_cast<rapidjson::SizeType>(key.size())); }
  void flush();
  void flush_if_long() {
    if (buffer_.GetSize() >= kPiece) flush();
  }

  static constexpr std::size_t kPiece = 1 << 16;

  ByteSink& to_;
  rapidjson::StringBuffer buffer_;
  rapidjson::Writer<rapidjson::StringBuffer> writer_;
};

}  // namespace gilspy::formats
