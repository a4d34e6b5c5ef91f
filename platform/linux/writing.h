// What all ways of writing a file share.
#pragma once

#include <signal.h>

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "gilspy/result.h"

namespace gilspy::platform {

// errno as an error about the file that the user named.
tl::unexpected<Error> cannot_write(std::string_view path, int why);

// While one lives, what this thread writes to a pipe that nobody reads, or beyond the size that files may have, is an
// error (EPIPE, EFBIG) and not our end.
class QuietSignals {
 public:
  QuietSignals();
  ~QuietSignals();
  QuietSignals(const QuietSignals&) = delete;
  QuietSignals& operator=(const QuietSignals&) = delete;

 private:
  sigset_t quiet_{};  // those that were not blocked before
  sigset_t before_{};
};

// 0, or errno.
int write_all(int fd, std::span<const std::byte> bytes);

// Who ran sudo; nobody, where it was not root who was asked for.
struct InvokingUser {
  unsigned uid = 0;
  unsigned gid = 0;
};
std::optional<InvokingUser> invoking_user();

// Under sudo, the user who ran it: a profile that only root can delete would be a nuisance. A file system that knows no
// owners does not matter.
void give_to_invoking_user(int fd);

// /dev/stdout may be a regular file to which a shell appends: it is not ours to open anew.
bool is_standard_output(std::string_view path);

}  // namespace gilspy::platform
