// The program and the Python libraries in an address space, and where the loader put them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "elf_file.h"
#include "gilspy/target.h"

namespace gilspy::locate {

struct Image {
  std::string path;               // as the mappings show it
  bool is_program = false;        // the executable itself; else a libpython, or a python that a loader or emulator runs
  std::vector<Mapping> mappings;  // in address order
};

// The executable first, then the others.
std::vector<Image> python_images(std::span<const Mapping> mappings, const std::string& executable);

// Remote address minus address in the file. A file may be mapped more than once (a program that reads its own
// libpython): only a place counts where `address` falls into memory that can be written, as data that the program uses
// must.
std::optional<std::uint64_t> load_bias(const ElfFile& elf, const Image& image, std::uint64_t address,
                                       std::span<const Mapping> all);

}  // namespace gilspy::locate
