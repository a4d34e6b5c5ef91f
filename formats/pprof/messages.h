// The fields of a profile on their way out: none is kept but for the strings, which are numbered.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "gilspy/byte_sink.h"
#include "pprof.pb.h"

namespace gilspy::pprof {

class Messages {
 public:
  explicit Messages(ByteSink& to);

  // Of a field of wire::Profile.
  void put(int field, const google::protobuf::MessageLite& message);
  // All fields of `rest`, behind what is there: a message may be written in parts.
  void put(const wire::Profile& rest);
  void finish();

  // Its number in the string table; bytes that are not UTF-8 become U+FFFD.
  std::int64_t string(std::string_view text);

 private:
  void put_bytes(int field, std::string_view bytes);
  void flush_if_long();

  ByteSink& to_;
  std::string bytes_;
  std::unordered_map<std::string, std::int64_t> strings_;
};

}  // namespace gilspy::pprof
