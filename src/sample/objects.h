// Reading Python objects of the target: strings, type names, dicts. Everything is bounded; garbage gives an Error.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "gilspy/ids.h"
#include "gilspy/layout.h"
#include "gilspy/result.h"
#include "gilspy/target.h"

namespace gilspy::sample {

// A str as UTF-8; lone surrogates become U+FFFD. At most 4,096 characters. Errors: kCorrupt, kBadAddress.
Result<std::string> read_str(MemoryReader& memory, const RuntimeLayout& layout, RemoteAddr object);

// The same as it is, surrogates included; and how many characters it has.
struct Text {
  std::u32string characters;
  std::uint64_t length = 0;
};
Result<Text> read_text(MemoryReader& memory, const RuntimeLayout& layout, RemoteAddr object, std::size_t at_most);

// Of at most 64 bytes: more are cut off.
Result<std::string> read_c_string(MemoryReader& memory, RemoteAddr first);

// tp_name of the object's type.
Result<std::string> read_type_name(MemoryReader& memory, const RuntimeLayout& layout, RemoteAddr object);

Result<std::vector<std::byte>> read_bytes(MemoryReader& memory, const RuntimeLayout& layout, RemoteAddr object,
                                          std::size_t at_most);

// A non-negative int of up to 64 bits.
Result<std::uint64_t> read_int(MemoryReader& memory, const RuntimeLayout& layout, RemoteAddr object);

struct DictEntry {
  RemoteAddr key;
  RemoteAddr value;
};
// The live entries of a dict, at most `at_most`. With a split table the values come from `values`.
Result<std::vector<DictEntry>> read_dict(MemoryReader& memory, const RuntimeLayout& layout, RemoteAddr dict,
                                         std::size_t at_most);
// The first live entries alone, and how many there are.
struct DictPart {
  std::vector<DictEntry> entries;
  std::uint64_t size = 0;
};
Result<DictPart> read_dict_part(MemoryReader& memory, const RuntimeLayout& layout, RemoteAddr dict,
                                std::size_t at_most);
Result<RemoteAddr> find_in_dict(MemoryReader& memory, const RuntimeLayout& layout, RemoteAddr dict,
                                std::string_view key);

// What a name means in a module of an interpreter; kCorrupt when the module is not loaded, or has no such name.
Result<RemoteAddr> find_in_module(MemoryReader& memory, const RuntimeLayout& layout, RemoteAddr interpreter,
                                  std::string_view module, std::string_view name);

// The key of a value; kCorrupt when no key has it.
Result<std::string> name_in_dict(MemoryReader& memory, const RuntimeLayout& layout, RemoteAddr dict, RemoteAddr value);

// The name of the attribute that has this value, of the instance or of its class; kCorrupt as above.
Result<std::string> name_of_attribute(MemoryReader& memory, const RuntimeLayout& layout, RemoteAddr object,
                                      RemoteAddr value);
// The same of a class itself, without those that it inherits.
Result<std::string> name_of_class_attribute(MemoryReader& memory, const RuntimeLayout& layout, RemoteAddr type,
                                            RemoteAddr value);

// The items of a list, a tuple or a set (in no order), at most `at_most`.
Result<std::vector<RemoteAddr>> read_list(MemoryReader& memory, const RuntimeLayout& layout, RemoteAddr list,
                                          std::size_t at_most);
Result<std::vector<RemoteAddr>> read_tuple(MemoryReader& memory, const RuntimeLayout& layout, RemoteAddr tuple,
                                           std::size_t at_most);
Result<std::vector<RemoteAddr>> read_set(MemoryReader& memory, const RuntimeLayout& layout, RemoteAddr set,
                                         std::size_t at_most);

// Some of them, in the order in which Python goes over them; and how many there are.
struct SetPart {
  std::vector<RemoteAddr> items;
  std::uint64_t size = 0;
};
Result<SetPart> read_set_part(MemoryReader& memory, const RuntimeLayout& layout, RemoteAddr set, std::size_t at_most);

// The instance's own dict or values; values can be null. kCorrupt when it has neither.
Result<std::vector<DictEntry>> read_attributes(MemoryReader& memory, const RuntimeLayout& layout, RemoteAddr object,
                                               std::size_t at_most);
// An attribute among them; kCorrupt when there is none.
Result<RemoteAddr> find_attribute(MemoryReader& memory, const RuntimeLayout& layout, RemoteAddr object,
                                  std::string_view name);

}  // namespace gilspy::sample
