// What a build says about itself: _Py_DebugOffsets at the start of _PyRuntime (3.13+, pycore_debug_offsets.h) and the
// constant Py_Version (3.11+, pylifecycle.c).
#pragma once

#include <cstdint>
#include <optional>

#include "gilspy/locate.h"
#include "gilspy/result.h"
#include "gilspy/target.h"

namespace gilspy::locate {

// PY_VERSION_HEX, "0x030D0af0" for 3.13.10: nothing when it cannot be one.
std::optional<PythonVersion> version_of_hex(std::uint64_t hex);

struct DebugHeader {
  PythonVersion version;
  bool free_threaded = false;
};
// Nothing when there is no such header: an older Python. Errors: kGone, kDenied.
Result<std::optional<DebugHeader>> read_debug_header(MemoryReader& memory, RemoteAddr runtime);

}  // namespace gilspy::locate
