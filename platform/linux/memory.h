// The target's memory through process_vm_readv: nobody is stopped, nothing is written.
#pragma once

#include <cstddef>
#include <span>

#include "gilspy/ids.h"
#include "gilspy/result.h"
#include "gilspy/target.h"

namespace gilspy::platform {

Result<std::size_t> read_process_memory(Pid pid, std::span<const ReadRange> ranges);

}  // namespace gilspy::platform
