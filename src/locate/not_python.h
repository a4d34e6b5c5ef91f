// A process that is not Python: which one, and what the user may have meant (those below it that are).
#pragma once

#include <span>
#include <string>

#include "gilspy/target.h"

namespace gilspy::locate {

// "process 123 (uv) is not Python, but its child 125 (python3.13 app.py) is: use --pid 125"
std::string not_python_text(const ProcessIdentity& process, std::span<const ProcessIdentity> pythons);

}  // namespace gilspy::locate
