// The sampler on a CPython whose memory falls apart under it, between ticks and in the middle of them. It must end in
// an error or in samples that hold together, without reading on and on. Input: layout, then ticks with what is done to
// them.
#include "damage.h"
#include "gilspy/sampler.h"
#include "src/layout/tables/cpython_3_11.h"
#include "src/layout/tables/cpython_3_12.h"
#include "src/layout/tables/cpython_3_13t.h"
#include "src/layout/tables/cpython_3_14t.h"
#include "src/layout/tables/cpython_3_15.h"
#include "tests/fuzz/sampled.h"
#include "tests/unit/fake_python.h"

namespace gilspy {
namespace {

constexpr std::size_t kMostTicks = 12;

const RuntimeLayout& layout_of(std::uint8_t choice) {
  static const RuntimeLayout* const kLayouts[] = {&layout::tables::kCpython311,  &layout::tables::kCpython312,
                                                  &layout::tables::kCpython313,  &layout::tables::kCpython313t,
                                                  &layout::tables::kCpython314t, &layout::tables::kCpython315};
  return *kLayouts[choice % std::size(kLayouts)];
}

// Three threads with a few frames, one of them visiting a second interpreter, and one thread without Python.
void populate(FakePython& python) {
  constexpr RemoteAddr kSecond{0x180000};
  const RemoteAddr root = python.add_function("root", 1);
  const RemoteAddr leaf = python.add_function("leaf", 10);
  for (std::uint64_t id = 1; id <= 3; ++id) {
    const Tid tid{99 + static_cast<std::int32_t>(id)};
    const auto thread = python.add_thread(id, tid);
    python.set_stack(thread, {{root, 0}, {leaf, 1}, {leaf, 0}});
    python.set_attach_state(thread, id == 1 ? 1 : 0);
    if (id == 1) python.hold_gil(thread, 1);
    if (id == 2) python.park_in_gil(tid);
  }
  python.add_interpreter(1, kSecond, FakePython::kGil + 0x1000);
  python.set_stack(python.add_thread(1, Tid{101}, {}, kSecond), {{leaf, 0}});
  python.target.add_thread(Tid{200}, "native");
}

}  // namespace
}  // namespace gilspy

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gilspy;
  fuzz::Input input(data, size);
  FakePython python(layout_of(input.take<std::uint8_t>()));
  populate(python);
  fuzz::Sampled sampled(python.target, python.location, python.layout);
  fuzz::require(sampled.tick(std::chrono::milliseconds(1)));
  const auto reads = fuzz::different_reads(python.target.reads());
  for (std::size_t tick = 0; tick < kMostTicks && !input.empty(); ++tick) {
    const auto before = input.take<std::uint8_t>() % 4U;
    for (unsigned i = 0; i < before; ++i) fuzz::damage(python.target, reads, input);
    std::size_t countdown = input.take<std::uint8_t>();
    python.target.on_read([&](const FakeTarget::Read&) {
      if (--countdown == 0) fuzz::damage(python.target, reads, input);
    });
    if (!sampled.tick(std::chrono::milliseconds(input.take<std::uint8_t>()))) break;
  }
  fuzz::require(sampled.complaint().empty());
  return 0;
}
