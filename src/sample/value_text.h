// Values of the target as Python's repr() would write them, without calling anything in it. Bounded in every direction;
// what cannot be read is "<unreadable>", what is not shown any more "...".
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bounded_memory.h"
#include "gilspy/ids.h"
#include "gilspy/layout.h"
#include "gilspy/variables.h"
#include "objects.h"
#include "type_book.h"

namespace gilspy::sample {

inline constexpr std::string_view kUnreadable = "<unreadable>";

struct ValueLimits {
  std::size_t characters = 0;  // of a value, about: what was begun is closed
  std::size_t text = 0;        // characters of a str in it, bytes of a bytes
  std::size_t items = 0;       // of a container
  std::size_t depth = 0;
  bool attributes = false;  // of objects

  static ValueLimits of(VariableDetail detail) {
    return detail == VariableDetail::kFull ? ValueLimits{1200, 500, 50, 5, true} : ValueLimits{160, 80, 8, 3, false};
  }
};

class ValueText {
 public:
  ValueText(BoundedMemory& memory, const RuntimeLayout& layout, TypeBook& types)
      : memory_(memory), layout_(layout), types_(types) {}

  struct Shown {
    std::string text, type;
    bool cut = false;
  };
  Shown show(RemoteAddr object, const ValueLimits& limits);

 private:
  void put(RemoteAddr object);
  Result<void> put_as(const TypeFacts& type, RemoteAddr object);
  Result<void> put_own(const TypeFacts& type, RemoteAddr object);
  Result<void> put_int(RemoteAddr object);
  Result<void> put_bool(RemoteAddr object);
  Result<void> put_float(RemoteAddr object);
  Result<void> put_complex(RemoteAddr object);
  Result<void> put_str(RemoteAddr object);
  Result<void> put_bytes(RemoteAddr first, std::uint64_t size);
  Result<void> put_bytes_object(RemoteAddr object);
  Result<void> put_bytearray(RemoteAddr object);
  Result<void> put_list(RemoteAddr object);
  Result<void> put_tuple(RemoteAddr object);
  Result<void> put_dict(RemoteAddr object);
  Result<void> put_ordered_dict(RemoteAddr object);
  void put_entries(std::span<const DictEntry> entries, std::uint64_t size);
  Result<void> put_set(RemoteAddr object);
  Result<void> put_range(RemoteAddr object);
  Result<void> put_named(std::string_view what, RemoteAddr name_at);
  Result<void> put_method(RemoteAddr object);
  Result<void> put_builtin(RemoteAddr object);
  Result<void> put_module(const TypeFacts& type, RemoteAddr object);
  Result<void> put_class(RemoteAddr object);
  Result<void> put_exception(const TypeFacts& type, RemoteAddr object);
  Result<void> put_object(const TypeFacts& type, RemoteAddr object);
  void put_attributes(const TypeFacts& type, RemoteAddr object);
  std::vector<std::pair<std::string, RemoteAddr>> slots_of(const TypeFacts& type, RemoteAddr object);
  void put_items(std::span<const RemoteAddr> items, std::uint64_t size);
  bool is_full(std::size_t items);
  bool may_go_into(RemoteAddr object, std::string_view open, std::string_view close, std::uint64_t size);
  void leave_out() {
    out_ += "...";
    cut_ = true;
  }

  BoundedMemory& memory_;
  const RuntimeLayout& layout_;
  TypeBook& types_;
  ValueLimits limits_;
  std::string out_;
  bool cut_ = false;
  std::vector<RemoteAddr> path_;  // containers that it is in
};

}  // namespace gilspy::sample
