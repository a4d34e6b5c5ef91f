// What lies in a frame of a thread that does not run: its variables, and what its value stack surely holds. Everything
// is read from the target when it is asked for; what a code object says is kept.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "code_cache.h"
#include "gilspy/ids.h"
#include "gilspy/layout.h"
#include "gilspy/target.h"

namespace gilspy::sample {

// As the last known stack of a thread has it.
struct FramePlace {
  RemoteAddr frame, code;
  Instruction instruction;
};

struct Variable {
  std::string name;
  RemoteAddr value;
};

// A place for a variable, in the order in which the code object names them.
struct Slot {
  RemoteAddr value;  // what a cell holds in place of it; null: not bound
  std::uint32_t name = 0;
  bool argument = false;
  bool operator==(const Slot&) const = default;
};

// Whose variables a frame has.
enum class Scope : std::uint8_t {
  kFunction,
  kMapping,  // a class body, or what exec() runs: they lie in `mapping`, a dict mostly
  kModule,   // the same, and they are the globals
};

struct FrameSlots {
  Scope scope = Scope::kFunction;
  RemoteAddr mapping;
  std::vector<Slot> slots;
  bool operator==(const FrameSlots&) const = default;
};

class FrameReader {
 public:
  FrameReader(MemoryReader& memory, const RuntimeLayout& layout, CodeCache& codes)
      : memory_(memory), layout_(layout), codes_(codes) {}

  // Those that are set, parameters first; what cells hold in place of them.
  std::vector<Variable> variables(const FramePlace& place);
  // All of them, bound or not. Nothing: they cannot be read.
  std::optional<FrameSlots> slots(const FramePlace& place);
  const std::string& name_of(const FramePlace& place, const Slot& slot);
  // The values of local variables with these names; null: not set. False: it has none of such a name, or they cannot be
  // read. At most a handful; what a cell holds is not looked up.
  bool find_variables(const FramePlace& place, std::span<const std::string_view> names, std::span<RemoteAddr> values);
  // The objects that the frame's exception handlers count on: what a `with` statement has to call in the end lies among
  // them. Empty outside of any `with` and `try`.
  std::vector<RemoteAddr> kept_for_handlers(const FramePlace& place);
  // All that may lie on its value stack: some of it may be left over.
  std::vector<RemoteAddr> value_stack(const FramePlace& place);
  // The last values on the stack of a frame that does not run at all, the very last first.
  std::vector<RemoteAddr> last_values(const FramePlace& place, std::size_t count);
  RemoteAddr globals(const FramePlace& place);

 private:
  struct Handlers {  // a row of the exception table (CPython's exception_handling_notes.txt), in code units
    std::uint32_t begin = 0, end = 0, depth = 0;
  };
  struct Facts {
    std::vector<std::string> names;
    std::vector<std::byte> kinds;  // of 3.11 and later: which of them lie in cells
    std::vector<Handlers> handlers;
    std::uint32_t locals = 0;  // slots in front of the value stack
    std::uint32_t stack_size = 0;
    std::uint32_t first_cell = 0;  // up to 3.10, cells lie behind all others
    std::uint32_t arguments = 0;
    bool is_function = true;
    // By slot, the slot itself; up to 3.10, of a cell, that of the argument which it has in it.
    std::vector<std::uint32_t> twins;

    bool may_be_cell(std::size_t slot) const;
  };

  const Facts* facts_of(RemoteAddr code);
  Facts read_facts(RemoteAddr code);
  void add_names(RemoteAddr code, Offset field, std::vector<std::string>& names);
  void read_signature(RemoteAddr code, Facts& facts);
  static void find_twins(Facts& facts);
  static std::vector<Handlers> read_handlers(std::span<const std::byte> table);
  std::vector<RemoteAddr> pointers(RemoteAddr first, std::size_t count);
  RemoteAddr end_of_stack(const FramePlace& place, const Facts& facts);
  RemoteAddr value_stack_of(const FramePlace& place, const Facts& facts);
  std::uint32_t depth_of_handlers(const FramePlace& place, const Facts& facts);
  bool is_cell(RemoteAddr object);

  MemoryReader& memory_;
  const RuntimeLayout& layout_;
  CodeCache& codes_;
  std::unordered_map<RemoteAddr, Facts> facts_;
  std::uint64_t known_with_ = 0;  // CodeCache::replaced() at that time
  RemoteAddr cell_type_;          // &PyCell_Type, once seen
};

}  // namespace gilspy::sample
