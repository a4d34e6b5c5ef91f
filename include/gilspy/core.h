// A core file as a Target: a process that stands still for good. What the kernel left out of it because files have it
// (code, constants) is read from these.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gilspy/ids.h"
#include "gilspy/result.h"
#include "gilspy/target.h"

namespace gilspy {

struct CoreFacts {
  std::string path;
  std::string signal;            // that ended the process ("SIGSEGV"); empty: it was not ended, as by gcore
  std::optional<Tid> signalled;  // the thread that got it
  // Bytes of memory that its headers promise, and those of them that are missing at its end: the disk was full, or
  // there was a limit.
  std::uint64_t bytes = 0;
  std::uint64_t bytes_missing = 0;
  // Files that the process used, were wanted and could not be had: they are not here, or others by now.
  std::vector<std::string> files_missing;

  bool operator==(const CoreFacts&) const = default;
};

class CoreTarget : public Target {
 public:
  virtual CoreFacts facts() const = 0;  // as they are by now: files are opened when they are wanted
};

namespace platform {

// Where the files are now that the process used.
struct CoreFiles {
  std::string executable;  // its program, if not where it was; may be empty
  std::string root = "/";  // the folder that it had as "/", or a copy of it
};

// Files are taken only if they are programs or libraries, and begin as the core says. Errors: kBadRecording (no such
// file, no core, one without threads), kUnsupported (of another architecture), kMisfit (`executable` is another
// program).
Result<std::unique_ptr<CoreTarget>> open_core(const std::string& path, const CoreFiles& here = {});

}  // namespace platform
}  // namespace gilspy
