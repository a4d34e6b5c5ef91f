// Is it still the process, and still the program, that we attached to?
#pragma once

#include <cstdint>

#include "gilspy/ids.h"
#include "gilspy/result.h"
#include "gilspy/target.h"
#include "unique_fd.h"

namespace gilspy::platform {

// Holds two descriptors that cannot come to mean something else:
// - /proc/PID/stat belongs to the process, not to its number: when the process is reaped, reads fail for ever, also
//   when the number is used again.
// - /proc/PID/mem belongs to the address space that the process had when it was opened: after exec() reads give 0
//   bytes. It needs the same permission as process_vm_readv and keeps no memory of the target alive.
class LifeLine {
 public:
  // `mapped` is any address that can be read now. Errors: kGone, kDenied.
  static Result<LifeLine> take(Pid pid, RemoteAddr mapped);

  Liveness check() const;

 private:
  bool address_space_is_gone(std::uint64_t start_stack) const;

  UniqueFd stat_;
  UniqueFd mem_;  // none where /proc/PID/mem may not be opened although memory can be read
  RemoteAddr mapped_;
  std::uint64_t start_stack_ = 0;
};

}  // namespace gilspy::platform
