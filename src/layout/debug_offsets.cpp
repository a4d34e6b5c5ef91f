#include "debug_offsets.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <vector>

#include "gilspy/memory.h"

namespace gilspy::layout {
namespace {

constexpr std::string_view kCookie = "xdebugpy";
constexpr std::size_t kVersion = 8;
constexpr std::size_t kFreeThreaded = 16;
constexpr std::size_t kHeaderSize = 24;

// Beyond these no build has a field: _PyRuntime and the interpreter's state are large, all else is small.
constexpr std::int64_t kMostInState = 1 << 20;
constexpr std::int64_t kMostInObject = 4096;

// A part of RuntimeLayout that begins with the size of what is read of its struct.
struct SizedPart {
  std::size_t begin = 0;
  std::size_t end = 0;
};
constexpr std::array kSizedParts{
    SizedPart{offsetof(RuntimeLayout, thread), offsetof(RuntimeLayout, thread) + sizeof(RuntimeLayout::Thread)},
    SizedPart{offsetof(RuntimeLayout, frame), offsetof(RuntimeLayout, frame) + sizeof(RuntimeLayout::Frame)},
    SizedPart{offsetof(RuntimeLayout, code), offsetof(RuntimeLayout, code) + sizeof(RuntimeLayout::Code)},
};
static_assert(offsetof(RuntimeLayout::Thread, size) == 0 && offsetof(RuntimeLayout::Frame, size) == 0 &&
              offsetof(RuntimeLayout::Code, size) == 0);

Offset field_of(const RuntimeLayout& layout, std::size_t field) {
  Offset value = 0;
  std::memcpy(&value, reinterpret_cast<const std::byte*>(&layout) + field, sizeof(value));
  return value;
}

void set_field(RuntimeLayout& layout, std::size_t field, Offset value) {
  std::memcpy(reinterpret_cast<std::byte*>(&layout) + field, &value, sizeof(value));
}

constexpr std::int64_t most_in(std::size_t field) {
  return field < offsetof(RuntimeLayout, gil) ? kMostInState : kMostInObject;
}

tl::unexpected<Error> unusable(const RuntimeLocation& location, std::string_view what) {
  return fail(ErrorCode::kUnsupported,
              fmt::format("what CPython {} ({}) says of its own memory (_Py_DebugOffsets) cannot be used: {}",
                          location.version.text(), location.binary, what));
}

Result<void> check_header(const StructView& block, const RuntimeLocation& location) {
  const auto cookie = block.get<std::array<char, kCookie.size()>>(0);
  if (!std::ranges::equal(cookie, kCookie)) return unusable(location, "it does not begin with \"xdebugpy\"");
  const auto version = block.get<std::uint64_t>(kVersion);
  const auto major = static_cast<int>(version >> 24 & 0xff);
  const auto minor = static_cast<int>(version >> 16 & 0xff);
  if (major != location.version.major || minor != location.version.minor) {
    return unusable(location, fmt::format("it is of version {}.{}", major, minor));
  }
  if ((block.get<std::uint64_t>(kFreeThreaded) != 0) != location.free_threaded) {
    return unusable(location, "it is of the other flavour, with or without a GIL");
  }
  return {};
}

// A struct is as much larger as its farthest moved field has moved: then all of them lie inside.
void grow_sizes(std::span<const DebugSlot> slots, const RuntimeLayout& table, RuntimeLayout& layout) {
  for (const SizedPart& part : kSizedParts) {
    Offset growth = 0;
    for (const DebugSlot& slot : slots) {
      if (slot.field < part.begin || slot.field >= part.end) continue;
      const Offset before = field_of(table, slot.field);
      growth = std::max(growth, std::max(field_of(layout, slot.field), before) - before);
    }
    set_field(layout, part.begin, field_of(table, part.begin) + (growth + 7) / 8 * 8);
  }
}

Result<void> set_fields(const StructView& block, const RuntimeLocation& location, std::span<const DebugSlot> slots,
                        RuntimeLayout& layout) {
  for (const DebugSlot& slot : slots) {
    const auto told = block.get<std::uint64_t>(slot.slot);
    const auto bounded = static_cast<std::int64_t>(std::min<std::uint64_t>(told, 2 * kMostInState));
    const std::int64_t value = bounded + slot.distance;
    if (value < 0 || value > most_in(slot.field)) {
      return unusable(location, fmt::format("the word at byte {} is {}", slot.slot, told));
    }
    set_field(layout, slot.field, static_cast<Offset>(value));
  }
  return {};
}

}  // namespace

Result<void> take_debug_offsets(MemoryReader& memory, const RuntimeLocation& location, std::span<const DebugSlot> slots,
                                RuntimeLayout& layout) {
  std::size_t size = kHeaderSize;
  for (const DebugSlot& slot : slots) size = std::max(size, slot.slot + sizeof(std::uint64_t));
  std::vector<std::byte> bytes(size);
  if (auto read = read_exact(memory, location.runtime, bytes); !read.has_value()) {
    return tl::unexpected(std::move(read).error().during("reading _Py_DebugOffsets"));
  }
  const StructView block(bytes);
  GILSPY_CHECK(check_header(block, location));
  const RuntimeLayout table = layout;
  GILSPY_CHECK(set_fields(block, location, slots, layout));
  grow_sizes(slots, table, layout);
  return {};
}

}  // namespace gilspy::layout
