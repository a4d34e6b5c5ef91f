// Small files and folders of /proc.
#pragma once

#include <dirent.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gilspy/ids.h"
#include "gilspy/result.h"
#include "unique_fd.h"

namespace gilspy::platform {

// What a failed call on something of the target means: kGone (ESRCH, ENOENT), kDenied (EPERM, EACCES), else kSystem.
Error error_of(int error_number, std::string_view doing);

std::string proc_path(Pid pid, std::string_view file);  // "/proc/PID/FILE"

Result<std::string> read_file(const std::string& path);
Result<std::string> read_link(const std::string& path);

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};
using Folder = std::unique_ptr<DIR, CloseFolder>;

// The entries that are numbers, from the start; an open folder can be listed again and again.
std::vector<std::int32_t> numeric_entries(DIR* folder);

}  // namespace gilspy::platform
