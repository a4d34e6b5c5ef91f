// A thread's registers, by DWARF's numbers for them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "gilspy/ids.h"

namespace gilspy {

struct Registers {
  // System V ABI, AMD64 supplement, figure 3.36; DWARF for the Arm 64-bit architecture, where 32 stands for the program
  // counter as in libunwind.
#if defined(__aarch64__)
  static constexpr std::size_t kStackPointer = 31, kInstruction = 32, kCount = 33;
#else
  static constexpr std::size_t kStackPointer = 7, kInstruction = 16, kCount = 17;
#endif

  std::array<std::uint64_t, kCount> values{};
  std::uint64_t known = 0;  // bits by number: of a thread that was not stopped the kernel tells two

  void set(std::size_t number, std::uint64_t value) {
    values[number] = value;
    known |= std::uint64_t{1} << number;
  }
  bool has(std::size_t number) const { return number < kCount && (known >> number & 1U) != 0; }
  RemoteAddr stack_pointer() const { return RemoteAddr(values[kStackPointer]); }
  RemoteAddr instruction() const { return RemoteAddr(values[kInstruction]); }

  bool operator==(const Registers&) const = default;
};

}  // namespace gilspy
