// What a process says of its own layout, and the check of the layout against its memory. Input: minor version, flavour,
// a thread's id, address of the runtime; then pieces of memory: address, size in two bytes, bytes.
#include "gilspy/layout.h"
#include "input.h"
#include "platform/replay/fake_target.h"
#include "sampled.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gilspy;
  fuzz::Input input(data, size);
  RuntimeLocation location;
  location.version = {3, input.take<std::uint8_t>(), -1};
  location.free_threaded = input.take<std::uint8_t>() % 2 == 1;
  FakeTarget target;
  target.add_thread(Tid{input.take<std::int32_t>()});
  location.runtime = RemoteAddr(input.take<std::uint64_t>());
  while (!input.empty()) {
    const RemoteAddr address(input.take<std::uint64_t>());
    target.memory.put_bytes(address, input.take_bytes(input.take<std::uint16_t>()));
  }
  const auto layout = layout::for_build(target, location);
  if (!layout.has_value()) return 0;
  layout::self_check(target, location, *layout);
  fuzz::require(fuzz::complaint_about(target.reads()).empty());
  return 0;
}
