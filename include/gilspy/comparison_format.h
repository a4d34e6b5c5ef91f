// formats: how a comparison leaves the program. One row each, as with Format.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "gilspy/compare.h"
#include "gilspy/format.h"
#include "gilspy/profile.h"

namespace gilspy {

struct Compared {
  const Profile& base;
  const Profile& head;
  const Comparison& comparison;
};

struct ComparisonOptions {
  View view = View::kAll;
  bool include_blocked = false;  // -i/--idle
  bool negate = false;           // widths are those of BASE: shows what is gone. Red is more in HEAD in any case
};

struct ComparisonFormat {
  std::string_view name;
  std::string_view extension;
  std::string_view summary;  // for --help
  std::string (*render)(const Compared& compared, const ComparisonOptions& options);
};

namespace formats {

std::span<const ComparisonFormat> of_comparisons();                 // the first is the default
const ComparisonFormat* find_comparison(std::string_view name);     // nullptr when there is none
const ComparisonFormat* comparison_of_file(std::string_view path);  // by its ending; nullptr when none has it

}  // namespace formats
}  // namespace gilspy
