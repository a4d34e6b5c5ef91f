// How far below its frame pointer a function's stack reaches, by the machine code with which it begins.
//
// The kernel tells the stack pointer of a thread that is blocked, but not its frame pointer, and functions that keep
// one say where their callers are by that alone. (CPython is built so from 3.15 on, and so are whole distributions.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace gilspy::platform {

// `code`: from the begin of the function to the instruction that it is at, or less. What it pushes and reserves once it
// has set its frame pointer, up to the first jump or call. Nothing: it sets none, aligns its stack, or has instructions
// that are not known here. x86-64 only.
std::optional<std::uint64_t> frame_size(std::span<const std::byte> code);

// Whether there is a call right before `code` ends; where it leads to if that stands in the code, relative to that end.
struct CallBefore {
  bool any = false;
  std::optional<std::int64_t> distance;
};
CallBefore call_before(std::span<const std::byte> code);

}  // namespace gilspy::platform
