#include "string_list.h"

namespace gilspy::firefox {

std::uint32_t Strings::of(std::string_view text) {
  const auto [known, is_new] = known_.try_emplace(std::string(text), static_cast<std::uint32_t>(in_order_.size()));
  if (is_new) in_order_.push_back(&known->first);
  return known->second;
}

void Strings::write(formats::JsonStream& json) const {
  json.array("stringArray", [&] {
    for (const std::string* text : in_order_) {
      json.value(*text);
      json.new_line();
    }
  });
}

}  // namespace gilspy::firefox
