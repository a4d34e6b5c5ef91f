#include <sys/user.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "gilspy/platform.h"

namespace gilspy::platform {

Registers general_registers(std::span<const std::byte> bytes) {
  user_regs_struct all{};
  std::memcpy(&all, bytes.data(), std::min(sizeof all, bytes.size()));
  Registers registers;
#if defined(__aarch64__)
  for (std::size_t i = 0; i < 31; ++i) registers.set(i, all.regs[i]);
  registers.set(Registers::kStackPointer, all.sp);
  registers.set(Registers::kInstruction, all.pc);
#else
  const std::array values{all.rax, all.rdx, all.rcx, all.rbx, all.rsi, all.rdi, all.rbp, all.rsp, all.r8,
                          all.r9,  all.r10, all.r11, all.r12, all.r13, all.r14, all.r15, all.rip};
  static_assert(values.size() == Registers::kCount);
  for (std::size_t i = 0; i < values.size(); ++i) registers.set(i, values[i]);
#endif
  return registers;
}

}  // namespace gilspy::platform
