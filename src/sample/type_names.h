// What the types of the target's objects are called. Types that were met are known by their address.
#pragma once

#include <string>
#include <unordered_map>

#include "gilspy/ids.h"
#include "gilspy/layout.h"
#include "gilspy/target.h"

namespace gilspy::sample {

class TypeNames {
 public:
  TypeNames(MemoryReader& memory, const RuntimeLayout& layout) : memory_(memory), layout_(layout) {}

  // tp_name; empty where there is no object.
  const std::string& of(RemoteAddr object);

 private:
  MemoryReader& memory_;
  const RuntimeLayout& layout_;
  std::unordered_map<RemoteAddr, std::string> names_;
};

}  // namespace gilspy::sample
