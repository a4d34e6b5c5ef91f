// A core file of anybody.
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <string>

#include "gilspy/core.h"
#include "input.h"

namespace gilspy {
namespace {

void look_at(CoreTarget& core) {
  fuzz::require(core.facts().bytes_missing <= core.facts().bytes);
  const auto threads = core.threads();
  fuzz::require(threads.has_value() && !threads->empty());
  for (const Tid tid : *threads) {
    fuzz::require(core.syscall_of(tid).has_value() && core.registers_of(tid).has_value());
  }
  fuzz::require(core.cpu_time().has_value());
  const auto mappings = core.mappings();
  RemoteAddr last;
  for (const Mapping& mapping : *mappings) {
    fuzz::require(last <= mapping.begin && mapping.begin < mapping.end);
    last = mapping.end;
    std::array<std::byte, 64> bytes{};
    for (const RemoteAddr place : {mapping.begin, mapping.end - 32}) {
      const ReadRange range{place, bytes};
      fuzz::require(core.read_batch({&range, 1}).has_value());
    }
  }
}

}  // namespace
}  // namespace gilspy

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const int fd = ::memfd_create("core", 0);
  if (fd < 0 || ::write(fd, data, size) != static_cast<ssize_t>(size)) return 0;
  const auto core = gilspy::platform::open_core("/proc/self/fd/" + std::to_string(fd));
  if (core.has_value()) gilspy::look_at(**core);
  ::close(fd);
  return 0;
}
