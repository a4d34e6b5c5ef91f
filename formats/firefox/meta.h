// What a profile says of itself, and what its categories and markers are.
#pragma once

#include <cstdint>
#include <string_view>

#include "formats/json/json_stream.h"
#include "gilspy/profile.h"
#include "gilspy/verdict.h"

namespace gilspy::firefox {

// Of the viewer's own colours the one that comes nearest to gilspy's.
std::string_view colour(Activity activity);

// The first is "Other".
constexpr std::uint32_t category_of(Activity activity) { return static_cast<std::uint32_t>(index_of(activity)) + 1; }

// What the markers of an activity have besides their times.
enum class Fields : std::uint8_t { kNone, kHolding, kWaiting, kLock };
constexpr Fields fields_of(Activity activity, bool has_lock) {
  if (has_lock) return Fields::kLock;
  if (activity == Activity::kWaitsForGil) return Fields::kWaiting;
  return holds(activity) ? Fields::kHolding : Fields::kNone;
}
std::string_view schema_of(Fields fields);

// The members of `meta`. `window`: by which lanes were coarsened() for this file; 0: they were not.
void write_meta(formats::JsonStream& json, const Profile& profile, const Verdict& verdict, Nanos interval,
                Nanos window);

}  // namespace gilspy::firefox
