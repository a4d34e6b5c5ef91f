// Why a free-threaded build has its GIL on: it was told to, or it imported a module that needs one.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gilspy/target.h"

namespace gilspy::cli {

// "-X gil=1" or "PYTHON_GIL=1"; empty where neither is so. `variable` is the value of PYTHON_GIL. The option has the
// last word.
std::string gil_set_by(const std::vector<std::string>& command, const std::optional<std::string>& variable);

// Extension modules that are mapped and do not come with Python, one of each package, at most three: "numpy",
// "_cffi_backend". Which of them needs the GIL cannot be seen from outside.
std::vector<std::string> foreign_extension_modules(std::span<const Mapping> mappings);

}  // namespace gilspy::cli
