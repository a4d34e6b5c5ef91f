#include "activity_colour.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace gilspy::flamegraph {
namespace {

struct Family {
  std::string_view name;
  Rgb base;
  double lighten_from = 0;  // shades lie between these two mixtures with white
  double lighten_to = 0;
  Texture texture = Texture::kPlain;
};

// Vermilion may only become a little lighter: to red-blind eyes it differs from orange by lightness alone. The lightest
// vermilion keeps below the darkest orange.
constexpr std::array<Family, 8> kFamilies{{
    {"holds the GIL", {0xE6, 0x9F, 0x00}, 0.06, 0.46, Texture::kPlain},
    {"holds the GIL off CPU", {0xE6, 0x9F, 0x00}, 0.06, 0.46, Texture::kHatched},
    {"waits for the GIL", {0xD5, 0x5E, 0x00}, 0.03, 0.26, Texture::kPlain},
    {"runs without the GIL", {0x00, 0x9E, 0x73}, 0.08, 0.46, Texture::kPlain},
    {"waits for a lock", {0xCC, 0x79, 0xA7}, 0.06, 0.48, Texture::kPlain},
    {"stop-the-world", {0x00, 0x72, 0xB2}, 0.16, 0.52, Texture::kPlain},
    {"blocked", {0xBB, 0xBB, 0xBB}, 0.08, 0.56, Texture::kPlain},
    {"unknown", {0xFF, 0xFF, 0xFF}, 0.00, 0.00, Texture::kDotted},
}};
constexpr Family kNeutral{"", {0xB9, 0xC4, 0xCE}, 0.00, 0.50, Texture::kPlain};

const Family& find(std::string_view name) {
  const auto* found = std::ranges::find(kFamilies, name, &Family::name);
  return found == kFamilies.end() ? kNeutral : *found;
}

// FNV-1a, then mixed: without the last step names that differ in their last letter only get neighbouring shades.
std::uint64_t hash(std::string_view name) {
  std::uint64_t h = 0xcbf29ce484222325U;
  for (const char c : name) {
    h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  }
  h = (h ^ (h >> 33U)) * 0xff51afd7ed558ccdU;
  return h ^ (h >> 33U);
}

std::uint8_t towards_white(std::uint8_t channel, double share) {
  return static_cast<std::uint8_t>(std::lround(channel + (255 - channel) * share));
}

double linear(std::uint8_t channel) {
  const double c = channel / 255.0;
  return c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
}

}  // namespace

bool is_activity(std::string_view name) { return &find(name) != &kNeutral; }

Rgb activity_colour(std::string_view family, std::string_view frame) {
  const Family& f = find(family);
  if (frame == family && is_activity(family)) {
    return f.base;
  }
  // Few steps: enough to tell neighbours apart, and few patterns for the families with a texture.
  constexpr std::uint64_t kSteps = 7;
  const double step = static_cast<double>(hash(frame) % kSteps) / (kSteps - 1);
  const double share = f.lighten_from + (f.lighten_to - f.lighten_from) * step;
  return {towards_white(f.base.r, share), towards_white(f.base.g, share), towards_white(f.base.b, share)};
}

Texture activity_texture(std::string_view family) { return find(family).texture; }

double contrast_with_black(Rgb colour) {
  const double luminance = 0.2126 * linear(colour.r) + 0.7152 * linear(colour.g) + 0.0722 * linear(colour.b);
  return (luminance + 0.05) / 0.05;
}

}  // namespace gilspy::flamegraph
