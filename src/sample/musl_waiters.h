// Who waits for a condition variable of musl: its futex lies on the waiter's own stack, not in the variable.
#pragma once

#include "gilspy/ids.h"
#include "gilspy/target.h"

namespace gilspy::sample {

// Whether a thread that is blocked on `futex` waits for the pthread_cond_t at `cond`; never in another C library.
bool waits_on_musl(MemoryReader& memory, RemoteAddr futex, RemoteAddr cond);

}  // namespace gilspy::sample
