// What the types of objects are, for showing values: a class can be called "list" and not be one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "gilspy/ids.h"
#include "gilspy/layout.h"
#include "gilspy/target.h"

namespace gilspy::sample {

// Types of the interpreter's own, by how their objects lie in memory.
enum class ValueKind : std::uint8_t {
  kObject,  // none of them
  kNone,
  kEllipsis,
  kNotImplemented,
  kBool,
  kInt,
  kFloat,
  kComplex,
  kStr,
  kBytes,
  kBytearray,
  kList,
  kTuple,
  kDict,
  kFrozenDict,
  kOrderedDict,
  kSet,
  kFrozenSet,
  kRange,
  kFunction,
  kMethod,
  kBuiltin,
  kModule,
  kType,
  kException,
  kGenerator,
};

struct TypeFacts {
  RemoteAddr address;
  RemoteAddr base;        // tp_base; null: none
  ValueKind kind{};       // its own, or that of the type that it is derived from
  bool is_exact = false;  // its own
  bool is_heap = false;   // made at run time, as classes are
  std::string name;       // "Order", without its module; printable, as the next
  std::string full_name;  // "app.Order", "int"
};

class TypeBook {
 public:
  TypeBook(MemoryReader& memory, const RuntimeLayout& layout) : memory_(memory), layout_(layout) {}

  // nullptr: there is no type.
  const TypeFacts* at(RemoteAddr type);
  const TypeFacts* of(RemoteAddr object);
  void clear() { known_.clear(); }

 private:
  std::unique_ptr<TypeFacts> read(RemoteAddr type);
  bool is_type(RemoteAddr type, std::uint64_t& flags);
  void read_names(TypeFacts& facts);
  std::string module_of(RemoteAddr type);

  MemoryReader& memory_;
  const RuntimeLayout& layout_;
  std::unordered_map<RemoteAddr, std::unique_ptr<TypeFacts>> known_;  // null: not a type
  int depth_ = 0;                                                     // of a base of a base
};

}  // namespace gilspy::sample
