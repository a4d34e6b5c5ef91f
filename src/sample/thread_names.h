// The names that people gave their threads, from threading._active.
#pragma once

#include <string>
#include <unordered_map>
#include <unordered_set>

#include "gilspy/ids.h"
#include "gilspy/layout.h"
#include "gilspy/result.h"
#include "gilspy/target.h"

namespace gilspy::sample {

using ThreadNames = std::unordered_map<std::uint64_t, std::string>;  // by ThreadIdent

class ThreadNameReader {
 public:
  ThreadNameReader(MemoryReader& memory, const RuntimeLayout& layout, RemoteAddr interpreter)
      : memory_(memory), layout_(layout), interpreter_(interpreter) {}

  // The names of the threads whose ident is in `wanted`. Errors: kCorrupt when `threading` is not imported or a dict
  // changed under the read.
  Result<ThreadNames> read(const std::unordered_set<std::uint64_t>& wanted);

 private:
  Result<RemoteAddr> find_active();

  MemoryReader& memory_;
  const RuntimeLayout& layout_;
  RemoteAddr interpreter_;
  RemoteAddr active_;  // the dict threading._active, once found
};

}  // namespace gilspy::sample
