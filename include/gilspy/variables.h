// variables: what the frames of a thread have in their variables, as text. Values may be secrets: nothing here is read
// unless it is asked for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "gilspy/ids.h"
#include "gilspy/sample.h"

namespace gilspy {

enum class VariableDetail : std::uint8_t {
  kNone,
  kShort,  // --locals
  kFull,   // twice: longer values, attributes of objects, variables that are not bound, globals of modules' frames
};

struct ShownVariable {
  std::string name;
  std::string value;      // as repr() tells it, as far as that is known without calling it; UTF-8, in one line
  std::string type;       // "int", "app.Order"; empty: not known
  bool is_bound = true;   // false: it has no value, `value` is empty
  bool argument = false;  // of the function; they come first
  bool cut = false;       // the value has more than is shown
  bool changed = false;   // what the object has in it, while it was read: it may be a mixture
};

struct FrameVariables {
  enum class State : std::uint8_t {
    kRead,
    kChanged,  // while they were read: nothing is known
    kLeftOut,  // too far from the innermost frame
  };
  State state = State::kChanged;
  std::vector<ShownVariable> variables;
  bool more = false;  // than are shown
};

// Of a thread, with the stack that they belong to. The outermost frame comes first.
struct StackVariables {
  StackQuality quality = StackQuality::kLost;  // of `stack`, as ThreadFacts has it
  StackId stack = kNoStack;
  std::vector<FrameVariables> frames;

  bool all_read() const {
    for (const FrameVariables& frame : frames) {
      if (frame.state == FrameVariables::State::kChanged) return false;
      for (const ShownVariable& variable : frame.variables) {
        if (variable.changed) return false;
      }
    }
    return quality == StackQuality::kWhole;
  }
};

}  // namespace gilspy
