// The palette of activities. Orange, vermilion and their neighbours can be told apart by colour-blind eyes; the shades
// of one family never get as light as the next family is.
#pragma once

#include <cstdint>
#include <string_view>

namespace gilspy::flamegraph {

struct Rgb {
  std::uint8_t r = 0;
  std::uint8_t g = 0;
  std::uint8_t b = 0;
  constexpr bool operator==(const Rgb&) const = default;
  constexpr auto operator<=>(const Rgb&) const = default;
};

// What lies over the colour, for activities that share one.
enum class Texture : std::uint8_t { kPlain, kHatched, kDotted };

// Is this one of the activities of the palette ("waits for the GIL")?
bool is_activity(std::string_view name);

// The palette's colour if `frame` is the family itself, else a shade of it that depends on the frame's name only.
// A family that is no activity gets neutral shades.
Rgb activity_colour(std::string_view family, std::string_view frame);

Texture activity_texture(std::string_view family);

// Contrast of WCAG 2 with black text, 1 to 21.
double contrast_with_black(Rgb colour);

}  // namespace gilspy::flamegraph
