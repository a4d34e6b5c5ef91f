// Files as the target sees them: in its container, its chroot, without a name any more.
#pragma once

#include <memory>
#include <string>

#include "gilspy/ids.h"
#include "gilspy/result.h"
#include "gilspy/target.h"

namespace gilspy::platform {

// `executable` is what /proc/PID/exe points to: that link opens the program file even when it has been deleted.
Result<std::unique_ptr<FileBytes>> open_mapped_file(Pid pid, const Mapping& mapping, const std::string& executable);

}  // namespace gilspy::platform
