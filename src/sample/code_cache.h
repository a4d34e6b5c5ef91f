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

// Where a frame stands in its code, as the frame itself says it.
struct Instruction {
  std::uint64_t position = 0;    // address of the code unit; up to 3.10 f_lasti
  std::uint32_t tlbc_index = 0;  // which of the code's copies the address lies in (free-threaded 3.14+)
  bool operator==(const Instruction&) const = default;
};

class CodeCache {
 public:
  CodeCache(MemoryReader& memory, const RuntimeLayout& layout, StackTable& stacks)
      : memory_(memory), layout_(layout), stacks_(stacks) {}

  // The frame for an instruction of a code object; nothing when there is no code object at the address: the frame that
  // named it was garbage.
  std::optional<FrameId> frame(RemoteAddr code, Instruction instruction);

  // The instruction's place, in code units from the first one; nothing as above, or before the first one.
  std::optional<std::uint32_t> unit_of(RemoteAddr code, Instruction instruction);

  // Bytes that a frame of this code takes of the data stack (3.11 and later); 0 as above.
  std::uint32_t frame_bytes(RemoteAddr code);

  // Code objects die and their memory is used again: entries are compared with the target when the epoch at which they
  // were last compared is over. The caller advances the epoch every second or so.
  void next_epoch() { ++epoch_; }
  std::uint64_t epoch() const { return epoch_; }        // what frame() said holds for as long as it stays
  std::uint64_t replaced() const { return replaced_; }  // how often a known address had another code object

 private:
  struct Fingerprint {  // the words that change when the address gets another code object
    RemoteAddr type, filename, name, line_table;
    std::int32_t first_line = 0;
    std::uint32_t frame_bytes = 0;
    bool operator==(const Fingerprint&) const = default;
  };
  struct Entry {
    Fingerprint fingerprint;
    std::uint64_t epoch = 0;
    std::string function;
    std::string file;
    LineTable lines;
    std::unordered_map<std::uint32_t, FrameId> frames;        // by offset of the instruction
    std::unordered_map<std::uint32_t, RemoteAddr> tlbc_base;  // by index: where that copy of the bytecode begins
  };

  Entry* entry(RemoteAddr code);
  std::uint32_t offset_of(Entry& entry, RemoteAddr code, Instruction instruction);
  RemoteAddr base_of_copy(Entry& entry, RemoteAddr code, std::uint32_t tlbc_index);
  Result<Fingerprint> read_fingerprint(RemoteAddr code);
  Result<Entry> load(RemoteAddr code, const Fingerprint& fingerprint);
  Result<void> check_type(RemoteAddr code, RemoteAddr type);

  MemoryReader& memory_;
  const RuntimeLayout& layout_;
  StackTable& stacks_;
  std::unordered_map<RemoteAddr, Entry> entries_;
  RemoteAddr code_type_;  // &PyCode_Type, once seen
  std::uint64_t replaced_ = 0;
  std::uint64_t epoch_ = 1;
};

}  // namespace gilspy::sample
