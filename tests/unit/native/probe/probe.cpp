// A library of known functions, for tests that look into its file and unwind through it. What calls what is kept from
// being inlined or from becoming a jump, unless the name says otherwise.
#include "probe.h"

#define KEPT [[gnu::noinline, gnu::visibility("default")]]
#define INLINED [[gnu::always_inline]] inline

namespace {

volatile int depth = 0;

}  // namespace

extern "C" KEPT std::uintptr_t probe_leaf() {
  depth = depth + 1;
  return reinterpret_cast<std::uintptr_t>(__builtin_return_address(0));
}

namespace probe {

template <typename T>
INLINED T innermost(T sum) {
  const std::uintptr_t returns_to = probe_leaf();
  depth = depth + 1;
  return sum + returns_to;
}

struct Shape {
  INLINED std::uintptr_t middle(std::uintptr_t sum) { return innermost(sum) - sum; }
};

KEPT std::uintptr_t outer(std::uintptr_t sum) {
  Shape shape;
  std::uintptr_t result = 0;
  {
    const std::uintptr_t inside = shape.middle(sum);
    result = inside;
  }
  depth = depth - 1;
  return result;
}

KEPT int Counter::work(int times) {
  for (int i = 0; i < times; ++i) count_ = count_ + i;
  return count_;
}

}  // namespace probe

// Not in the dynamic symbol table.
extern "C" {
[[gnu::noinline, gnu::used]] static std::uintptr_t probe_hidden_call(int sum) {
  const std::uintptr_t result = probe::outer(static_cast<std::uintptr_t>(sum));
  depth = depth + 1;
  return result;
}
}

extern "C" KEPT std::uintptr_t probe_start() {
  const std::uintptr_t result = probe_hidden_call(depth);
  depth = depth + 1;
  return result;
}

extern "C" KEPT int probe_build() { return PROBE_BUILD; }

// Names of one place.
extern "C" {
KEPT int _probe_b() __attribute__((alias("probe_build")));
KEPT int probe_build_again() __attribute__((alias("probe_build")));
}

// As people write assembly: without a size.
asm(R"(
  .text
  .balign 16
  .globl probe_sizeless
  .type probe_sizeless, %function
probe_sizeless:
  nop
  nop
  nop
  nop
  .globl probe_behind
  .type probe_behind, %function
probe_behind:
  nop
  nop
  .size probe_behind, . - probe_behind
  .balign 16
)");

#if defined(__x86_64__)
// As a C library begins a thread: nobody called it. And a function that keeps a frame pointer.
asm(R"(
  .globl probe_thread
  .type probe_thread, %function
probe_thread:
  .cfi_startproc
  .cfi_undefined %rip
  nop
  nop
  .cfi_endproc
  .size probe_thread, . - probe_thread

  .type probe_framed, %function
probe_framed:
  .cfi_startproc
  push %rbp
  .cfi_def_cfa_offset 16
  .cfi_offset %rbp, -16
  mov %rsp, %rbp
  .cfi_def_cfa_register %rbp
  push %rbx
  sub $0x18, %rsp
  nop
  .cfi_endproc
  .size probe_framed, . - probe_framed

  .type probe_calls_framed, %function
probe_calls_framed:
  .cfi_startproc
  call probe_framed
  nop
  .cfi_endproc
  .size probe_calls_framed, . - probe_calls_framed
)");
#endif
