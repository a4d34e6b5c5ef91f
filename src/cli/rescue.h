// A recording took minutes, and its file cannot be written: the folder is gone, the disk is full.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gilspy/byte_sink.h"

namespace gilspy::cli {

// Writes it to the temporary folder ($TMPDIR, else /tmp) under a name that is not taken yet: "gilspy-4242.svg". The
// path; nothing when that fails as well.
std::optional<std::string> rescue(const Contents& contents, const std::string& stem, std::string_view extension);

}  // namespace gilspy::cli
