// Python objects in a target's memory, as a layout has them.
#pragma once

#include <string_view>
#include <vector>

#include "gilspy/layout.h"
#include "platform/replay/fake_target.h"

namespace gilspy {

class FakeObjects {
 public:
  static constexpr std::uint64_t kManagedDict = 1U << 4;
  static constexpr std::uint64_t kInlineValues = 1U << 2;

  FakeTarget target;
  RuntimeLayout layout;

  explicit FakeObjects(const RuntimeLayout& chosen) : layout(chosen) {}

  // Zeroes, with zeroes before them: what lies before an object can be read.
  RemoteAddr allocate(std::size_t size) {
    const std::vector<std::byte> bytes(size + 64);
    const RemoteAddr address = free_ + 64;
    target.memory.put_bytes(free_, bytes);
    free_ = free_ + ((size + 64 + 0xff) & ~std::uint64_t{0xff});
    return address;
  }

  template <typename Unit>
  RemoteAddr str(std::basic_string_view<Unit> text, bool ascii = false) {
    const RemoteAddr object = allocate(80);
    const auto& u = layout.unicode;
    target.memory.put(object + u.length, static_cast<std::uint64_t>(text.size()));
    set_state(object, sizeof(Unit), true, ascii);
    target.memory.put_bytes(object + (ascii ? u.ascii_data : u.compact_data),
                            std::as_bytes(std::span(text.data(), text.size())));
    return object;
  }
  RemoteAddr str(std::string_view text) { return str<char>(text, true); }

  void set_state(RemoteAddr str, unsigned kind, bool compact, bool ascii) {
    const auto& u = layout.unicode;
    target.memory.put(str + u.state, std::uint32_t{kind << u.kind_shift | unsigned{compact} << u.compact_shift |
                                                   unsigned{ascii} << u.ascii_shift});
  }

  struct Entry {
    RemoteAddr key, value;
  };

  // PyDictKeysObject. Up to 3.10 `slots` is its size; later the index has that many bytes.
  RemoteAddr keys(const std::vector<Entry>& entries, std::uint64_t slots = 8, bool general = true) {
    const auto& d = layout.dict;
    std::uint64_t index_bytes = slots;
    if (d.keys_size != kAbsent && slots > 0xff) index_bytes = slots * 2;
    const RemoteAddr keys = allocate(64 + index_bytes + entries.size() * 24);
    if (d.keys_size != kAbsent) {
      target.memory.put(keys + d.keys_size, slots);
    } else {
      target.memory.put(keys + d.keys_log2_index_bytes, static_cast<std::uint8_t>(std::countr_zero(slots)));
      target.memory.put(keys + d.keys_kind, std::uint8_t{general ? std::uint8_t{0} : std::uint8_t{1}});
    }
    target.memory.put(keys + d.keys_entry_count, static_cast<std::uint64_t>(entries.size()));
    RemoteAddr at = keys + d.keys_indices + index_bytes;
    for (const Entry& entry : entries) {
      if (general) at = at + 8;  // the hash
      target.memory.put(at, entry.key);
      target.memory.put(at + 8, entry.value);
      at = at + 16;
    }
    return keys;
  }
  RemoteAddr dict(RemoteAddr keys, RemoteAddr values = {}) {
    const RemoteAddr dict = allocate(96);
    target.memory.put(dict + layout.dict.keys, keys);
    target.memory.put(dict + layout.dict.values, values);
    return dict;
  }
  // PyDictValues, at a place that is given.
  void put_values(RemoteAddr place, const std::vector<RemoteAddr>& values) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      target.memory.put(place + layout.dict.values_first + i * 8, values[i]);
    }
  }

  RemoteAddr type(std::uint64_t flags, std::int64_t dictoffset, RemoteAddr cached_keys = {}) {
    const RemoteAddr type = allocate(1024);
    target.memory.put(type + layout.object.type_flags, flags);
    target.memory.put(type + layout.object.type_dictoffset, dictoffset);
    target.memory.put(type + layout.object.type_basicsize, kBasicSize);
    target.memory.put(type + layout.object.type_cached_keys, cached_keys);
    return type;
  }
  RemoteAddr instance(RemoteAddr type) {
    const RemoteAddr object = allocate(256);
    target.memory.put(object + layout.object.type, type);
    return object;
  }

  static constexpr std::uint64_t kBasicSize = 48;

 private:
  RemoteAddr free_{0x100000};
};

}  // namespace gilspy
