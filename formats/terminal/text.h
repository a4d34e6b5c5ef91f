// Text in columns. A code point counts as one column: right for nearly all names, and never more than a little wrong.
#pragma once

#include <string>
#include <string_view>

#include "gilspy/activity.h"

namespace gilspy::terminal {

std::size_t columns(std::string_view text);

// Exactly `width` columns: filled with spaces at its end, or cut with an ellipsis.
std::string fit(std::string_view text, std::size_t width);

// Lines of at most `width` columns, broken at spaces but not before "%" (inside words only where a word is longer than
// a line); lines after the first begin with `indent` spaces. Ends with a line break.
std::string wrap(std::string_view text, std::size_t width, std::size_t indent = 0);

// Keeps `wrap` from breaking this text: its spaces become no-break spaces, which `wrap` writes as spaces.
std::string unbroken(std::string_view text);

struct Pen {
  bool colour = false;

  std::string bold(std::string_view text) const;
  std::string faint(std::string_view text) const;
  std::string activity(Activity activity, std::string_view text) const;  // in the activity's colour
};

}  // namespace gilspy::terminal
