// From a command that was launched to a Python that can be sampled.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "attachment.h"
#include "gilspy/launch.h"

namespace gilspy::cli {

// Waits, for as long as the command lives, until its process is a Python: launchers, shells that `exec` and scripts
// become one sooner or later. `tell` gets one line when something has stood in the way for a while that is not likely
// to go away, such as a Python that is only a child of the command; the error in the end may have the same words.
// Errors, when the command has ended: kGone (too soon for a sample), kNotPython, kUnsupported, kMisfit, kDenied.
using Tell = std::function<void(const std::string& line)>;
Result<std::unique_ptr<Attachment>> await_python(platform::Child& child, Stopping stopping, const Tell& tell);

}  // namespace gilspy::cli
