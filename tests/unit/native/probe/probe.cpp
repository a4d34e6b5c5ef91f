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

// Tables as CPython's, which name functions that have no symbol elsewhere: a method of a module, of a type, of one that
// is made at run time, slots; and what only looks like a type.
namespace {

template <int N>
[[gnu::noinline]] void* function(void* a, void*) {
  depth = depth + N;
  return a;
}
using Function = void* (*)(void*, void*);

struct Method {
  const char* name;
  Function function;
  int flags;
  const char* text;
};
struct Module {
  void* base[5];
  const char* name;
  const char* text;
  long size;
  Method* methods;
};
struct Slot {
  int slot;
  void* what;
};
struct Spec {
  const char* name;
  int size, items;
  unsigned flags;
  Slot* slots;
};
struct Member {
  const char* name;
  int type;
  long offset;
  int flags;
  const char* text;
};

Method module_methods[] = {{"solve", function<1>, 1, "what it does"}, {"walk", function<2>, 0x82, nullptr}, {}};
Method type_methods[] = {{"sort", function<3>, 0x82, nullptr}, {}};
Method made_methods[] = {{"match", function<4>, 0x282, nullptr}, {}};
Method loose_methods[] = {{"loose", function<5>, 8, nullptr}, {"no name", function<6>, 8, nullptr}, {}};
[[gnu::used]] Module module = {{}, "_probe", "a module", -1, module_methods};
Slot slots[] = {{66, reinterpret_cast<void*>(function<7>)}, {64, made_methods}, {}};
[[gnu::used]] Spec spec = {"probe.Pattern", 64, 0, 1024, slots};
[[gnu::used]] Member members[] = {{"__weaklistoffset__", 19, 48, 1, nullptr}, {}};
// PyTypeObject: words by their place behind the header of 24 bytes.
std::uintptr_t numbers[36];
[[gnu::used]] std::uintptr_t type[60];

[[gnu::constructor]] void make_type() {
  const auto word = [](auto* pointer) { return reinterpret_cast<std::uintptr_t>(pointer); };
  numbers[2] = word(function<9>);
  type[3] = word("table");
  type[4] = 48;
  type[6] = word(function<10>);
  type[11] = word(function<8>);
  type[12] = word(numbers);
  type[21] = 1U << 12;
  type[29] = word(type_methods);
}

}  // namespace

extern "C" KEPT std::uintptr_t probe_table(int number) {
  constexpr Function kFunctions[] = {function<0>, function<1>, function<2>, function<3>, function<4>, function<5>,
                                     function<6>, function<7>, function<8>, function<9>, function<10>};
  static Method* const volatile kKept = loose_methods;
  return kKept != nullptr ? reinterpret_cast<std::uintptr_t>(kFunctions[number]) : 0;
}

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
