// locate: where is _PyRuntime, which version, which flavour?
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gilspy/ids.h"
#include "gilspy/result.h"
#include "gilspy/target.h"

namespace gilspy {

struct PythonVersion {
  int major = 0;
  int minor = 0;
  int micro = -1;            // -1: not known
  std::string text() const;  // "3.11.7", "3.11" when the micro version is not known

  bool operator==(const PythonVersion&) const = default;
};

struct RuntimeLocation {
  RemoteAddr runtime;     // &_PyRuntime
  PythonVersion version;  // from the build itself (Py_Version, _Py_DebugOffsets), else from the file's name
  bool free_threaded = false;
  std::string binary;  // the file that holds the runtime: the executable or a libpython
};

namespace locate {

// Everything that may be the runtime, best first: what is named by symbols (in the program and in libraries that go by
// the name of Python; where neither does, in large ones of any name), then what calls itself one (the cookie of
// _Py_DebugOffsets, 3.13+). More than one where a process has several Pythons mapped, or one that it does not use.
// Never empty. Errors: kUnsupported (another Python, an older one, another architecture), kMisfit (a Python without
// anything that tells where its runtime is), kNotReady, kNotPython (names Python children where there are some: the
// target may be a wrapper), kDenied, kGone.
Result<std::vector<RuntimeLocation>> find_candidates(Target& target);

// The first of them.
Result<RuntimeLocation> find_runtime(Target& target);

// The version that a Python without symbols has by the names of the files that it uses.
std::optional<PythonVersion> version_by_names(Target& target);

// Processes below the target that go by the name of Python, nearest first: the target may be a wrapper.
std::vector<ProcessIdentity> python_descendants(Target& target);
// "4243 (python3 app.py)", for people: one line that is not too long.
std::string named_process(const ProcessIdentity& process);
// "process 7 inside of a container is process 4243 (python3 app.py) here: use --pid 4243", of those that are known by
// that number inside; empty where none of them goes by the name of Python. One line.
std::string number_inside_text(Pid inner, std::span<const ProcessIdentity> known_by_it);

// What a runtime without symbols and without a cookie (up to 3.12) is recognised by: offsets in _PyRuntime, in
// PyInterpreterState and in PyThreadState. They come from the layout of the version that it is thought to be.
struct PointerShape {
  std::uint32_t interpreters_head = 0;
  std::uint32_t interpreters_main = 0;
  std::uint32_t threads_head = 0;
  std::uint32_t thread_interpreter = 0;
};
// Every place in the data of the program and of Python libraries where two words lead to interpreters and the first of
// these to a thread that leads back: the true one and a few others, which fail the layout's self-check. Maybe none.
// Errors: kGone, kDenied.
Result<std::vector<RuntimeLocation>> find_by_pointers(Target& target, const PythonVersion& version,
                                                      const PointerShape& shape);

}  // namespace locate
}  // namespace gilspy
