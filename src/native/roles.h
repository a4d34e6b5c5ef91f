// Which of the interpreter's own functions say nothing of what a program does.
#pragma once

#include <string_view>

#include "gilspy/native.h"

namespace gilspy::native {

// `name`: as it is shown; `of_interpreter`: the function lies where CPython's own are; `inlined`: into another one.
NativeFunction::Role role_of(std::string_view name, bool of_interpreter, bool inlined);

}  // namespace gilspy::native
