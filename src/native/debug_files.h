// Where distributions put what they strip from programs.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "gilspy/target.h"

namespace gilspy::native {

// What an ELF file says about its debugging information.
struct DebugLink {
  std::vector<std::byte> build_id;
  std::string file;      // .gnu_debuglink
  bool has_own = false;  // .debug_info lies in the file itself
};
DebugLink debug_link_of(std::span<const std::byte> elf);

// A file of the same build that has its symbols, if there is one: where the process keeps it,
// or this machine one of that build, else from the servers of DEBUGINFOD_URLS. `path`: of the file itself, as the
// process sees it; `root`: where it sees "/".
std::unique_ptr<FileBytes> find_debug_file(const DebugLink& link, const std::string& path, const std::string& root);

}  // namespace gilspy::native
