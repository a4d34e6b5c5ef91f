// locate: where is _PyRuntime, which version, which flavour?
#pragma once

#include <cstdint>
#include <string>

#include "gilspy/ids.h"
#include "gilspy/result.h"
#include "gilspy/target.h"

namespace gilspy {

struct PythonVersion {
  int major = 0;
  int minor = 0;
  int micro = -1;            // -1: not known
  std::string text() const;  // "3.11.7", "3.11" when the micro version is not known
};

struct RuntimeLocation {
  RemoteAddr runtime;     // &_PyRuntime
  PythonVersion version;  // from the build itself (Py_Version, _Py_DebugOffsets), else from the file's name
  bool free_threaded = false;
  std::string binary;  // the file that holds the runtime: the executable or a libpython
};

namespace locate {

// Errors: kNotPython (names Python children where there are some: the target may be a wrapper), kDenied, kGone.
Result<RuntimeLocation> find_runtime(Target& target);

}  // namespace locate
}  // namespace gilspy
