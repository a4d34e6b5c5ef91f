// Values of Python in a target's memory, with types as the interpreter has them.
#pragma once

#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "tests/unit/fake_objects.h"

namespace gilspy {

class FakeValues : public FakeObjects {
 public:
  static constexpr std::uint64_t kHeap = 1ULL << 9;
  static constexpr std::uint64_t kLong = 1ULL << 24, kList = 1ULL << 25, kTuple = 1ULL << 26, kBytes = 1ULL << 27,
                                 kStr = 1ULL << 28, kDict = 1ULL << 29, kException = 1ULL << 30, kType = 1ULL << 31;

  explicit FakeValues(const RuntimeLayout& chosen) : FakeObjects(chosen) { meta_ = make_type("type", kType); }

  // One that is not made at run time.
  RemoteAddr builtin(const std::string& name, std::uint64_t flags = 0, RemoteAddr base = {}) {
    if (const auto known = builtins_.find(name); known != builtins_.end()) return known->second;
    return builtins_[name] = make_type(name, flags, base);
  }
  // class `name` in `module`, derived from `base`.
  RemoteAddr a_class(const std::string& name, const std::string& module, RemoteAddr base, std::uint64_t flags = 0) {
    const RemoteAddr type = make_type(name, kHeap | flags, base);
    target.memory.put(type + layout.object.type_qualname, text(name));
    target.memory.put(type + layout.object.type_dict, FakeObjects::dict(keys({{text("__module__"), text(module)}})));
    return type;
  }

  RemoteAddr of(RemoteAddr type, std::size_t size = 256) {
    const RemoteAddr object = allocate(size);
    target.memory.put(object + layout.object.type, type);
    return object;
  }
  RemoteAddr none() { return of(builtin("NoneType")); }
  RemoteAddr integer(const std::vector<std::uint32_t>& digits, bool negative = false, RemoteAddr type = {}) {
    const RemoteAddr number = of(type.is_null() ? builtin("int", kLong) : type);
    const std::uint64_t size = digits.size();
    const std::uint64_t tag = size << 3 | (negative ? 2U : size == 0 ? 1U : 0U);
    target.memory.put(number + layout.object.long_size_or_tag, layout.object.long_has_tag ? tag
                                                               : negative                 ? 0 - size
                                                                                          : size);
    for (std::size_t i = 0; i < size; ++i) target.memory.put(number + layout.object.long_digits + 4 * i, digits[i]);
    return number;
  }
  RemoteAddr real(double value) {
    const RemoteAddr number = of(builtin("float"));
    target.memory.put(number + layout.values.float_value, value);
    return number;
  }
  RemoteAddr text(std::string_view characters) {
    const RemoteAddr object = str(characters);
    target.memory.put(object + layout.object.type, builtin("str", kStr));
    return object;
  }
  RemoteAddr wide_text(std::u32string_view characters) {
    const RemoteAddr object = str(characters);
    target.memory.put(object + layout.object.type, builtin("str", kStr));
    return object;
  }
  RemoteAddr bytes(std::string_view content) {
    const RemoteAddr object = of(builtin("bytes", kBytes), 64 + content.size());
    set_size(object, content.size());
    target.memory.put_text(object + layout.object.bytes_data, content);
    return object;
  }
  RemoteAddr list(const std::vector<RemoteAddr>& items, RemoteAddr type = {}) {
    const RemoteAddr object = of(type.is_null() ? builtin("list", kList) : type);
    set_items(object, items);
    return object;
  }
  void set_items(RemoteAddr list, const std::vector<RemoteAddr>& items) {
    const RemoteAddr first = allocate(8 * items.size() + 8);
    for (std::size_t i = 0; i < items.size(); ++i) target.memory.put(first + 8 * i, items[i]);
    target.memory.put(list + layout.values.list_items, first);
    set_size(list, items.size());
  }
  RemoteAddr tuple(const std::vector<RemoteAddr>& items) {
    const RemoteAddr object = of(builtin("tuple", kTuple), 64 + 8 * items.size());
    set_size(object, items.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
      target.memory.put(object + layout.object.tuple_items + 8 * i, items[i]);
    }
    return object;
  }
  RemoteAddr table(const std::vector<Entry>& entries) {
    const RemoteAddr object = FakeObjects::dict(keys(entries));
    target.memory.put(object + layout.object.type, builtin("dict", kDict));
    target.memory.put(object + layout.dict.used, std::uint64_t{entries.size()});
    return object;
  }
  // In slots, with one that is deleted in front.
  RemoteAddr set(const std::vector<RemoteAddr>& items, const char* type = "set") {
    const RemoteAddr object = of(builtin(type));
    const RemoteAddr slots = allocate(16 * 8);
    target.memory.put(slots, slots);
    target.memory.put(slots + 8, ~std::uint64_t{0});
    for (std::size_t i = 0; i < items.size(); ++i) target.memory.put(slots + 16 * (i + 1), items[i]);
    target.memory.put(object + layout.set.mask, std::uint64_t{7});
    target.memory.put(object + layout.set.used, std::uint64_t{items.size()});
    target.memory.put(object + layout.set.table, slots);
    return object;
  }
  // With a pointer to something in it.
  RemoteAddr with(RemoteAddr type, Offset field, RemoteAddr value) {
    const RemoteAddr object = of(type);
    target.memory.put(object + field, value);
    return object;
  }
  RemoteAddr name(const std::string& text) {
    const RemoteAddr first = allocate(text.size() + 64);
    target.memory.put_text(first, text);
    return first;
  }
  void set_size(RemoteAddr object, std::uint64_t size) { target.memory.put(object + layout.object.var_size, size); }
  RemoteAddr meta() const { return meta_; }

 private:
  RemoteAddr make_type(const std::string& called, std::uint64_t flags, RemoteAddr base = {}) {
    const RemoteAddr type = allocate(1024);
    target.memory.put(type + layout.object.type, meta_.is_null() ? type : meta_);
    target.memory.put(type + layout.object.type_name, name(called));
    target.memory.put(type + layout.object.type_flags, flags);
    target.memory.put(type + layout.object.type_basicsize, kBasicSize);
    target.memory.put(type + layout.object.type_base, base);
    return type;
  }

  std::map<std::string, RemoteAddr> builtins_;
  RemoteAddr meta_{};
};

}  // namespace gilspy
