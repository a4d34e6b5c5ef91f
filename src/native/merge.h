// A stack of Python and one of native functions become one.
#pragma once

#include <optional>

#include "gilspy/native.h"
#include "gilspy/stacks.h"

namespace gilspy::native {

struct Merged {
  StackId stack = kNoStack;
  NativeQuality quality = NativeQuality::kLost;
};

// Each activation of the interpreter's loop ran one of copy.entries and the Python frames up to the next one. Where a
// native stack is whole, they are matched from the outermost on, and the innermost activation may have begun without a
// frame of Python yet. Where its outer part is missing, they are matched from the innermost on. Where they do not fit, the
// stack is Python's alone.
Merged merge(const NativeCopy& copy, const NativeStack& native, NativeFrames which, StackTable& stacks);

}  // namespace gilspy::native
