// All names of a profile, which its tables number.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "formats/json/json_stream.h"

namespace gilspy::firefox {

class Strings {
 public:
  std::uint32_t of(std::string_view text);
  void write(formats::JsonStream& json) const;  // once all are known

 private:
  std::unordered_map<std::string, std::uint32_t> known_;
  std::vector<const std::string*> in_order_;  // keys of known_, which stay where they are
};

}  // namespace gilspy::firefox
