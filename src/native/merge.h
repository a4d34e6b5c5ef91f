// A stack of Python and one of native functions become one.
#pragma once

#include "gilspy/native.h"
#include "gilspy/stacks.h"

namespace gilspy::native {

struct Merged {
  StackId stack = kNoStack;
  NativeQuality quality = NativeQuality::kLost;
};

// Each of copy.entries goes to the call of the interpreter's loop that ran it: by its anchor, which lies in that call's
// part of the stack; without anchors by counting calls of the loop, from the outermost on where the native stack is
// whole (the innermost may not have begun with a frame yet), from the innermost on where its outer part is missing.
// Where they do not fit, the stack is Python's alone.
Merged merge(const NativeCopy& copy, const NativeStack& native, NativeFrames which, StackTable& stacks);

}  // namespace gilspy::native
