// Files that somebody else names: looked up without leaving a folder, and opened only if they are regular ones.
#pragma once

#include <sys/stat.h>

#include <string>

#include "gilspy/result.h"
#include "unique_fd.h"

namespace gilspy::platform {

// Descriptors of these only point to a file (O_PATH): nothing is opened, whatever it is. None: errno says why.
//
// As whoever has that folder as "/" would find it: links, and "..", lead where they lead in there.
UniqueFd find_below(const UniqueFd& root, const std::string& path);
// The same for kernels that cannot do that (before Linux 5.6, and some sandboxes): no links at all.
UniqueFd find_step_by_step(const UniqueFd& root, const std::string& path);
// From our own "/", where no part of the path is a link.
UniqueFd find_without_links(const std::string& path);

// To be read, if it is a regular file. Opening another may block (a pipe) or do something (a watchdog, a tape).
Result<UniqueFd> open_found(const UniqueFd& found, const std::string& path, struct stat& facts);

}  // namespace gilspy::platform
