// Code objects of the target, read once: what function an address stands for, and which line an instruction.
#pragma once

#include <optional>
#include <unordered_map>

#include "gilspy/ids.h"
#include "gilspy/layout.h"
#include "gilspy/stacks.h"
#include "gilspy/target.h"
#include "line_table.h"

namespace gilspy::sample {

class CodeCache {
 public:
  CodeCache(MemoryReader& memory, const RuntimeLayout& layout, StackTable& stacks)
      : memory_(memory), layout_(layout), stacks_(stacks) {}

  // False when there is no code object at the address: the frame that named it was garbage.
  bool is_code(RemoteAddr code) { return entry(code) != nullptr; }

  // The frame for an instruction of a code object; nothing when it is none.
  std::optional<FrameId> frame(RemoteAddr code, RemoteAddr instruction);

  // Code objects die and their memory is used again: entries are compared with the target when the epoch at which they
  // were last compared is over. The caller advances the epoch every second or so.
  void next_epoch() { ++epoch_; }

 private:
  struct Fingerprint {  // the words that change when the address gets another code object
    RemoteAddr type, filename, name, line_table;
    std::int32_t first_line = 0;
    bool operator==(const Fingerprint&) const = default;
  };
  struct Entry {
    Fingerprint fingerprint;
    std::uint64_t epoch = 0;
    std::string function;
    std::string file;
    LineTable lines;
    std::unordered_map<std::uint32_t, FrameId> frames;  // by offset of the instruction
  };

  Entry* entry(RemoteAddr code);
  Result<Fingerprint> read_fingerprint(RemoteAddr code);
  Result<Entry> load(RemoteAddr code, const Fingerprint& fingerprint);
  Result<void> check_type(RemoteAddr code, RemoteAddr type);

  MemoryReader& memory_;
  const RuntimeLayout& layout_;
  StackTable& stacks_;
  std::unordered_map<RemoteAddr, Entry> entries_;
  RemoteAddr code_type_;  // &PyCode_Type, once seen
  std::uint64_t epoch_ = 0;
};

}  // namespace gilspy::sample
