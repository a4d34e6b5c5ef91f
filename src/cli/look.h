// One look at a process that Python runs in.
#pragma once

#include "attachment.h"
#include "gilspy/dump.h"

namespace gilspy::cli {

// Errors: kGone, kDenied.
Result<Dump> look(Attachment& attachment);

}  // namespace gilspy::cli
