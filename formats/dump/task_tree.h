// The tasks of asyncio as a tree: below each what it awaits.
#pragma once

#include <functional>
#include <string>

#include "gilspy/dump.h"

namespace gilspy::formats {

// Lines that end in a newline; empty where there are no tasks. `frame_text` says how a frame is shown.
std::string task_tree(const Dump& dump, const std::function<std::string(const Frame&)>& frame_text);

}  // namespace gilspy::formats
