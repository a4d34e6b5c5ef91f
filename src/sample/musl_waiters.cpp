#include "musl_waiters.h"

#include <array>

#include "gilspy/memory.h"

namespace gilspy::sample {
namespace {

// struct waiter of pthread_cond_timedwait.c, musl 1.1.6 to 1.2.5: prev, next, int state, int barrier. It sleeps on the
// last of these, which is 2 as long as nobody has woken it, as state is 0.
constexpr std::uint64_t kNext = 8, kState = 16, kBarrier = 20;
constexpr std::array<std::int32_t, 2> kAsleep{0, 2};
constexpr std::uint64_t kHead = 8;  // pthread_cond_t._c_head: the latest waiter
constexpr int kMostWaiters = 4096;

}  // namespace

bool waits_on_musl(MemoryReader& memory, RemoteAddr futex, RemoteAddr cond) {
  if (futex.value() % 8 != kBarrier % 8 || futex.value() < kBarrier) return false;
  const RemoteAddr waiter = futex - kBarrier;
  const auto words = read_value<std::array<std::int32_t, 2>>(memory, waiter + kState);
  if (!words.has_value() || *words != kAsleep) return false;
  auto at = read_pointer(memory, cond + kHead);
  for (int steps = 0; at.has_value() && !at->is_null() && steps < kMostWaiters; ++steps) {
    if (*at == waiter) return true;
    if (at->value() % 8 != 0) return false;
    at = read_pointer(memory, *at + kNext);
  }
  return false;
}

}  // namespace gilspy::sample
