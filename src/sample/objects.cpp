#include "objects.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "gilspy/memory.h"
#include "python_quote.h"

namespace gilspy::sample {
namespace {

constexpr std::uint64_t kMostCharacters = 4096;
constexpr std::uint64_t kInlineValuesFlag = 1ULL << 2;  // Py_TPFLAGS_INLINE_VALUES, 3.13+
constexpr std::uint64_t kManagedDictFlag = 1ULL << 4;   // Py_TPFLAGS_MANAGED_DICT, 3.11+

tl::unexpected<Error> corrupt(std::string what) { return fail(ErrorCode::kCorrupt, std::move(what)); }

template <typename Unit>
std::string decode(std::span<const std::byte> bytes) {
  std::string out;
  out.reserve(bytes.size());
  for (std::size_t at = 0; at + sizeof(Unit) <= bytes.size(); at += sizeof(Unit)) {
    append_utf8(out, StructView(bytes).get<Unit>(at));
  }
  return out;
}

struct Characters {
  RemoteAddr first;
  std::uint64_t length = 0;
  unsigned width = 1;  // bytes of each
};

Result<Characters> find_characters(MemoryReader& memory, const RuntimeLayout& layout, RemoteAddr object) {
  std::array<std::byte, 56> header;  // no string is smaller, with or without a GIL
  const std::size_t header_size = std::min<std::size_t>(layout.unicode.ascii_data, header.size());
  GILSPY_CHECK(read_exact(memory, object, std::span(header).first(header_size)));
  const StructView view(header);
  const auto state = view.get<std::uint32_t>(layout.unicode.state);
  const bool compact = ((state >> layout.unicode.compact_shift) & 1U) != 0;
  const bool ascii = ((state >> layout.unicode.ascii_shift) & 1U) != 0;
  Characters characters;
  characters.length = view.get<std::uint64_t>(layout.unicode.length);
  characters.width = (state >> layout.unicode.kind_shift) & 7U;
  if (characters.width != 1 && characters.width != 2 && characters.width != 4) return corrupt("not a string");
  characters.first = object + (ascii && compact ? layout.unicode.ascii_data : layout.unicode.compact_data);
  if (compact) return characters;
  GILSPY_TRY(characters.first, read_pointer(memory, characters.first));
  if (characters.first.is_null()) return corrupt("a string without characters");
  return characters;
}

struct Keys {
  RemoteAddr entries;
  std::uint64_t entry_count = 0;
  bool general = false;  // entries carry a hash in front
};

// The hash index lies between the header of a dict's keys and their entries.
Result<std::uint64_t> size_of_index(const StructView& keys, const RuntimeLayout& layout) {
  constexpr std::uint64_t kMostSlots = 1ULL << 40;
  if (layout.dict.keys_log2_index_bytes != kAbsent) {
    const auto log2 = keys.get<std::uint8_t>(layout.dict.keys_log2_index_bytes);
    if (log2 > 40) return corrupt("a dict's index is impossibly large");
    return 1ULL << log2;
  }
  // Up to 3.10: as many slots as dk_size says, each as wide as their number needs.
  const auto slots = keys.get<std::uint64_t>(layout.dict.keys_size);
  if (slots > kMostSlots) return corrupt("a dict's index is impossibly large");
  const std::uint64_t width = slots <= 0xff ? 1 : slots <= 0xffff ? 2 : slots <= 0xffffffff ? 4 : 8;
  return slots * width;
}

Result<Keys> read_keys(MemoryReader& memory, const RuntimeLayout& layout, RemoteAddr keys) {
  std::array<std::byte, 40> header;
  GILSPY_CHECK(read_exact(memory, keys, header));
  const StructView view(header);
  GILSPY_TRY(const std::uint64_t index_bytes, size_of_index(view, layout));
  Keys result;
  result.entries = keys + layout.dict.keys_indices + index_bytes;
  result.entry_count = view.get<std::uint64_t>(layout.dict.keys_entry_count);
  result.general = layout.dict.keys_kind == kAbsent || view.get<std::uint8_t>(layout.dict.keys_kind) == 0;
  return result;
}

// Keys of entries, and their values unless the table is split (then the values in the entries are null).
Result<std::vector<DictEntry>> read_entries(MemoryReader& memory, const Keys& keys, std::size_t at_most,
                                            std::size_t first = 0) {
  const std::uint64_t count = std::min<std::uint64_t>(keys.entry_count - std::min(keys.entry_count, first), at_most);
  const std::size_t size = keys.general ? 24 : 16;
  std::vector<std::byte> bytes(count * size);
  GILSPY_CHECK(read_exact(memory, keys.entries + first * size, bytes));
  std::vector<DictEntry> entries;
  for (std::size_t at = 0; at < bytes.size(); at += size) {
    const StructView entry{std::span<const std::byte>(bytes).subspan(at, size)};
    const std::size_t key = keys.general ? 8 : 0;
    entries.push_back({entry.pointer(key), entry.pointer(key + 8)});
  }
  return entries;
}

Result<void> take_split_values(MemoryReader& memory, RemoteAddr first_value, std::vector<DictEntry>& entries) {
  std::vector<std::byte> bytes(entries.size() * 8);
  GILSPY_CHECK(read_exact(memory, first_value, bytes));
  for (std::size_t i = 0; i < entries.size(); ++i) entries[i].value = StructView(bytes).pointer(i * 8);
  return {};
}

// Values that were set in another order than the keys say it themselves: up to 3.12 in bytes in front of them, behind
// their count; later in bytes behind the last value, of which the first byte of the header says where it is.
void sort_as_inserted(MemoryReader& memory, const RuntimeLayout& layout, RemoteAddr values,
                      std::vector<DictEntry>& entries) {
  std::array<std::uint8_t, 64> order{};
  const std::span<std::uint8_t> in_use = std::span(order).first(std::min(entries.size(), order.size()));
  const auto read = [&](RemoteAddr first) {
    return read_exact(memory, first, std::as_writable_bytes(in_use)).has_value();
  };
  if (layout.instance_values == InstanceValues::kNone) return;
  if (layout.instance_values == InstanceValues::kInlineAfterObject) {
    const std::uint64_t capacity = read_value<std::uint8_t>(memory, values).value_or(0);
    if (!read(values + layout.dict.values_first + 8 * capacity)) return;
  } else {
    if (!read(values - 2 - in_use.size())) return;
    std::ranges::reverse(in_use);
  }
  std::vector<DictEntry> sorted;
  for (const std::uint8_t place : in_use) {
    if (place >= entries.size() || entries[place].value.is_null()) continue;
    sorted.push_back(std::exchange(entries[place], DictEntry{}));
  }
  // What the bytes do not tell comes last.
  std::ranges::copy_if(entries, std::back_inserter(sorted), [](const DictEntry& e) { return !e.value.is_null(); });
  entries = std::move(sorted);
}

Result<RemoteAddr> pick(MemoryReader& memory, const RuntimeLayout& layout, const std::vector<DictEntry>& entries,
                        std::string_view key) {
  for (const DictEntry& entry : entries) {
    if (entry.key.is_null() || entry.value.is_null()) continue;
    const auto name = read_str(memory, layout, entry.key);
    if (name.has_value() && *name == key) return entry.value;
  }
  return corrupt("no such key: " + std::string(key));
}

// Values that live in or beside the object, with the names in its type's shared keys.
Result<std::vector<DictEntry>> read_instance_values(MemoryReader& memory, const RuntimeLayout& layout,
                                                    RemoteAddr values, RemoteAddr type) {
  if (values.is_null()) return corrupt("the object keeps no values of its own");
  GILSPY_TRY(const RemoteAddr shared, read_pointer(memory, type + layout.object.type_cached_keys));
  GILSPY_TRY(const Keys keys, read_keys(memory, layout, shared));
  GILSPY_TRY(std::vector<DictEntry> entries, read_entries(memory, keys, 256));
  GILSPY_CHECK(take_split_values(memory, values + layout.dict.values_first, entries));
  sort_as_inserted(memory, layout, values, entries);
  return entries;
}

// One of the two, the other is null: the object's dict, or its bare values.
struct Attributes {
  RemoteAddr dict, values;
};

Result<Attributes> attributes_of(MemoryReader& memory, const RuntimeLayout& layout, RemoteAddr object,
                                 RemoteAddr type) {
  Attributes found;
  GILSPY_TRY(const auto flags, read_value<std::uint64_t>(memory, type + layout.object.type_flags));
  if (layout.instance_values == InstanceValues::kNone || (flags & kManagedDictFlag) == 0) {
    constexpr std::int64_t kFarthest = 1 << 16;
    GILSPY_TRY(const auto offset, read_value<std::int64_t>(memory, type + layout.object.type_dictoffset));
    if (offset <= 0 || offset > kFarthest) return corrupt("the object has no dict at a fixed place");
    GILSPY_TRY(found.dict, read_pointer(memory, object + static_cast<std::uint64_t>(offset)));
    return found;
  }
  GILSPY_TRY(found.dict, read_pointer(memory, object - layout.object.dict_before_object));
  switch (layout.instance_values) {
    case InstanceValues::kNone: break;
    case InstanceValues::kPointerBeforeObject:
      if (found.dict.is_null()) {
        GILSPY_TRY(found.values, read_pointer(memory, object - 32));
      }
      break;
    case InstanceValues::kTaggedBeforeObject:
      if ((found.dict.value() & 1U) != 0) {
        found.values = found.dict + 1;
        found.dict = RemoteAddr{};
      }
      break;
    case InstanceValues::kInlineAfterObject:
      if (found.dict.is_null() && (flags & kInlineValuesFlag) != 0) {
        GILSPY_TRY(const auto size, read_value<std::uint64_t>(memory, type + layout.object.type_basicsize));
        found.values = object + size;
      }
      break;
  }
  return found;
}

}  // namespace

Result<std::string> read_str(MemoryReader& memory, const RuntimeLayout& layout, RemoteAddr object) {
  GILSPY_TRY(const Characters characters, find_characters(memory, layout, object));
  std::vector<std::byte> data(std::min(characters.length, kMostCharacters) * characters.width);
  GILSPY_CHECK(read_exact(memory, characters.first, data));
  if (characters.width == 1) return decode<std::uint8_t>(data);
  if (characters.width == 2) return decode<std::uint16_t>(data);
  return decode<std::uint32_t>(data);
}

Result<Text> read_text(MemoryReader& memory, const RuntimeLayout& layout, RemoteAddr object, std::size_t at_most) {
  GILSPY_TRY(const Characters characters, find_characters(memory, layout, object));
  Text text{{}, characters.length};
  std::vector<std::byte> data(std::min<std::uint64_t>(characters.length, at_most) * characters.width);
  GILSPY_CHECK(read_exact(memory, characters.first, data));
  const StructView view(data);
  for (std::size_t at = 0; at < data.size(); at += characters.width) {
    text.characters.push_back(characters.width == 1   ? view.get<std::uint8_t>(at)
                              : characters.width == 2 ? view.get<std::uint16_t>(at)
                                                      : view.get<char32_t>(at));
  }
  return text;
}

Result<std::string> read_c_string(MemoryReader& memory, RemoteAddr first) {
  std::array<char, 64> text{};
  // It may end close to the end of a mapping: shorter reads until one succeeds.
  for (std::size_t size = text.size(); size >= 8; size /= 2) {
    const auto read = read_exact(memory, first, std::as_writable_bytes(std::span(text).first(size)));
    if (read.has_value()) return std::string(text.data(), std::find(text.begin(), text.end(), '\0'));
    if (read.error().code() != ErrorCode::kBadAddress) return tl::unexpected(read.error());
  }
  return fail(ErrorCode::kBadAddress, "a name is not mapped");
}

Result<std::string> read_type_name(MemoryReader& memory, const RuntimeLayout& layout, RemoteAddr object) {
  GILSPY_TRY(const RemoteAddr type, read_pointer(memory, object + layout.object.type));
  GILSPY_TRY(const RemoteAddr name, read_pointer(memory, type + layout.object.type_name));
  return read_c_string(memory, name);
}

Result<std::vector<std::byte>> read_bytes(MemoryReader& memory, const RuntimeLayout& layout, RemoteAddr object,
                                          std::size_t at_most) {
  GILSPY_TRY(const auto size, read_value<std::uint64_t>(memory, object + layout.object.var_size));
  if (size > at_most) return corrupt("a bytes object is impossibly large");
  // A torn size can be a giant one, met again at every frame: that no NUL is behind it costs one byte to find out.
  constexpr std::size_t kLarge = 1U << 16;
  if (size > kLarge) {
    GILSPY_TRY(const auto behind, read_value<char>(memory, object + layout.object.bytes_data + size));
    if (behind != '\0') return corrupt("a bytes object without an end");
  }
  std::vector<std::byte> bytes(size);
  GILSPY_CHECK(read_exact(memory, object + layout.object.bytes_data, bytes));
  return bytes;
}

Result<std::uint64_t> read_int(MemoryReader& memory, const RuntimeLayout& layout, RemoteAddr object) {
  GILSPY_TRY(std::uint64_t digits, read_value<std::uint64_t>(memory, object + layout.object.long_size_or_tag));
  if (layout.object.long_has_tag) digits >>= 3;
  if (digits > 3) return corrupt("an int is wider than 64 bits");
  std::uint64_t value = 0;
  for (std::uint64_t i = 0; i < digits; ++i) {
    GILSPY_TRY(const auto digit, read_value<std::uint32_t>(memory, object + layout.object.long_digits + i * 4));
    value |= static_cast<std::uint64_t>(digit) << (30 * i);
  }
  return value;
}

Result<std::vector<DictEntry>> read_dict(MemoryReader& memory, const RuntimeLayout& layout, RemoteAddr dict,
                                         std::size_t at_most) {
  GILSPY_TRY(const RemoteAddr keys_at, read_pointer(memory, dict + layout.dict.keys));
  GILSPY_TRY(const RemoteAddr values, read_pointer(memory, dict + layout.dict.values));
  GILSPY_TRY(const Keys keys, read_keys(memory, layout, keys_at));
  GILSPY_TRY(std::vector<DictEntry> entries, read_entries(memory, keys, at_most));
  if (!values.is_null()) GILSPY_CHECK(take_split_values(memory, values + layout.dict.values_first, entries));
  std::erase_if(entries, [](const DictEntry& e) { return e.key.is_null() || e.value.is_null(); });
  return entries;
}

Result<DictPart> read_dict_part(MemoryReader& memory, const RuntimeLayout& layout, RemoteAddr dict,
                                std::size_t at_most) {
  constexpr std::size_t kBlock = 256, kMostSearched = 4096;  // deleted entries can be many
  DictPart part;
  GILSPY_TRY(part.size, read_value<std::uint64_t>(memory, dict + layout.dict.used));
  GILSPY_TRY(const RemoteAddr keys_at, read_pointer(memory, dict + layout.dict.keys));
  GILSPY_TRY(const RemoteAddr values, read_pointer(memory, dict + layout.dict.values));
  GILSPY_TRY(const Keys keys, read_keys(memory, layout, keys_at));
  for (std::size_t at = 0; at < kMostSearched && part.entries.size() < at_most; at += kBlock) {
    GILSPY_TRY(std::vector<DictEntry> block, read_entries(memory, keys, kBlock, at));
    if (block.empty()) break;
    if (!values.is_null()) {
      GILSPY_CHECK(take_split_values(memory, values + layout.dict.values_first + at * 8, block));
      if (at == 0) sort_as_inserted(memory, layout, values, block);
    }
    for (const DictEntry& entry : block) {
      if (!entry.key.is_null() && !entry.value.is_null() && part.entries.size() < at_most)
        part.entries.push_back(entry);
    }
  }
  return part;
}

Result<RemoteAddr> find_in_dict(MemoryReader& memory, const RuntimeLayout& layout, RemoteAddr dict,
                                std::string_view key) {
  constexpr std::size_t kMostEntries = 100'000;
  GILSPY_TRY(const std::vector<DictEntry> entries, read_dict(memory, layout, dict, kMostEntries));
  return pick(memory, layout, entries, key);
}

Result<std::vector<DictEntry>> read_attributes(MemoryReader& memory, const RuntimeLayout& layout, RemoteAddr object,
                                               std::size_t at_most) {
  GILSPY_TRY(const RemoteAddr type, read_pointer(memory, object + layout.object.type));
  GILSPY_TRY(const Attributes found, attributes_of(memory, layout, object, type));
  if (!found.dict.is_null()) {
    GILSPY_TRY(DictPart part, read_dict_part(memory, layout, found.dict, at_most));
    return std::move(part.entries);
  }
  return read_instance_values(memory, layout, found.values, type);
}

namespace {

constexpr std::size_t kMostAttributes = 100'000;

Result<std::string> name_of(MemoryReader& memory, const RuntimeLayout& layout, const std::vector<DictEntry>& entries,
                            RemoteAddr value) {
  const auto entry = std::ranges::find(entries, value, &DictEntry::value);
  if (entry == entries.end()) return corrupt("nothing has this value");
  return read_str(memory, layout, entry->key);
}

}  // namespace

Result<RemoteAddr> find_attribute(MemoryReader& memory, const RuntimeLayout& layout, RemoteAddr object,
                                  std::string_view name) {
  GILSPY_TRY(const std::vector<DictEntry> entries, read_attributes(memory, layout, object, kMostAttributes));
  return pick(memory, layout, entries, name);
}

Result<std::string> name_of_attribute(MemoryReader& memory, const RuntimeLayout& layout, RemoteAddr object,
                                      RemoteAddr value) {
  if (const auto entries = read_attributes(memory, layout, object, kMostAttributes); entries.has_value()) {
    if (auto name = name_of(memory, layout, *entries, value); name.has_value()) return name;
  }
  GILSPY_TRY(const RemoteAddr type, read_pointer(memory, object + layout.object.type));
  return name_of_class_attribute(memory, layout, type, value);
}

Result<std::string> name_of_class_attribute(MemoryReader& memory, const RuntimeLayout& layout, RemoteAddr type,
                                            RemoteAddr value) {
  GILSPY_TRY(const RemoteAddr dict, read_pointer(memory, type + layout.object.type_dict));
  return name_in_dict(memory, layout, dict, value);
}

Result<std::string> name_in_dict(MemoryReader& memory, const RuntimeLayout& layout, RemoteAddr dict, RemoteAddr value) {
  constexpr std::size_t kMostEntries = 100'000;
  GILSPY_TRY(const std::vector<DictEntry> entries, read_dict(memory, layout, dict, kMostEntries));
  return name_of(memory, layout, entries, value);
}

Result<RemoteAddr> find_in_module(MemoryReader& memory, const RuntimeLayout& layout, RemoteAddr interpreter,
                                  std::string_view module, std::string_view name) {
  GILSPY_TRY(const RemoteAddr modules, read_pointer(memory, interpreter + layout.interpreter.modules));
  GILSPY_TRY(const RemoteAddr found, find_in_dict(memory, layout, modules, module));
  GILSPY_TRY(const RemoteAddr dict, read_pointer(memory, found + layout.dict.module_dict));
  return find_in_dict(memory, layout, dict, name);
}

namespace {

// setentry: key and hash. A deleted entry has a key too, which is no object of the program (_dummy), and hash -1.
bool is_in_set(RemoteAddr key, RemoteAddr hash) { return !key.is_null() && hash.value() != ~std::uint64_t{0}; }

Result<std::vector<RemoteAddr>> read_pointers(MemoryReader& memory, RemoteAddr first, std::size_t count) {
  std::vector<std::byte> bytes(count * 8);
  GILSPY_CHECK(read_exact(memory, first, bytes));
  std::vector<RemoteAddr> pointers;
  for (std::size_t at = 0; at < bytes.size(); at += 8) pointers.push_back(StructView(bytes).pointer(at));
  return pointers;
}

}  // namespace

Result<std::vector<RemoteAddr>> read_list(MemoryReader& memory, const RuntimeLayout& layout, RemoteAddr list,
                                          std::size_t at_most) {
  GILSPY_TRY(const auto size, read_value<std::uint64_t>(memory, list + layout.object.var_size));
  GILSPY_TRY(const RemoteAddr items, read_pointer(memory, list + layout.values.list_items));
  return read_pointers(memory, items, std::min<std::uint64_t>(size, at_most));
}

Result<std::vector<RemoteAddr>> read_tuple(MemoryReader& memory, const RuntimeLayout& layout, RemoteAddr tuple,
                                           std::size_t at_most) {
  GILSPY_TRY(const auto size, read_value<std::uint64_t>(memory, tuple + layout.object.var_size));
  return read_pointers(memory, tuple + layout.object.tuple_items, std::min<std::uint64_t>(size, at_most));
}

Result<std::vector<RemoteAddr>> read_set(MemoryReader& memory, const RuntimeLayout& layout, RemoteAddr set,
                                         std::size_t at_most) {
  GILSPY_TRY(const auto mask, read_value<std::uint64_t>(memory, set + layout.set.mask));
  GILSPY_TRY(const RemoteAddr table, read_pointer(memory, set + layout.set.table));
  if (mask >= 8 * at_most) return corrupt("a set of that size is not read");
  GILSPY_TRY(const std::vector<RemoteAddr> words, read_pointers(memory, table, 2 * (mask + 1)));
  std::vector<RemoteAddr> keys;
  for (std::size_t i = 0; i < words.size(); i += 2) {
    if (is_in_set(words[i], words[i + 1])) keys.push_back(words[i]);
  }
  return keys;
}

Result<SetPart> read_set_part(MemoryReader& memory, const RuntimeLayout& layout, RemoteAddr set, std::size_t at_most) {
  constexpr std::uint64_t kMostSlots = 4096;
  SetPart part;
  GILSPY_TRY(part.size, read_value<std::uint64_t>(memory, set + layout.set.used));
  GILSPY_TRY(const auto mask, read_value<std::uint64_t>(memory, set + layout.set.mask));
  GILSPY_TRY(const RemoteAddr table, read_pointer(memory, set + layout.set.table));
  GILSPY_TRY(const std::vector<RemoteAddr> words,
             read_pointers(memory, table, 2 * (std::min(mask, kMostSlots - 1) + 1)));
  for (std::size_t i = 0; i < words.size() && part.items.size() < at_most; i += 2) {
    if (is_in_set(words[i], words[i + 1])) part.items.push_back(words[i]);
  }
  return part;
}

}  // namespace gilspy::sample
