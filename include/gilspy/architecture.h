// The architecture that this gilspy is built for: it reads no other.
#pragma once

#include <cstdint>
#include <string_view>

namespace gilspy {

struct Architecture {
  std::uint16_t elf_machine = 0;  // e_machine, EM_* of <elf.h>
  std::string_view name;
};

// A port to another architecture adds its own.
#if defined(__x86_64__)
inline constexpr Architecture kOwnArchitecture{62, "x86-64"};
#elif defined(__aarch64__)
inline constexpr Architecture kOwnArchitecture{183, "aarch64"};
#endif

}  // namespace gilspy
