// One look at a process that Python runs in, or at a core of one.
#pragma once

#include "attachment.h"
#include "gilspy/dump.h"

namespace gilspy::cli {

struct LookOptions {
  NativeFrames native = NativeFrames::kNone;
  VariableDetail variables = VariableDetail::kNone;
};

// Errors: kGone, kDenied; kNotReady when every try to read it failed.
Result<Dump> look(Attachment& attachment, const LookOptions& options = {});

}  // namespace gilspy::cli
