// The program and the Python libraries in an address space, and where the loader put them.
#pragma once

#include <cstdint>
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

// Libraries of any name that are large enough to hold a Python, as plug-ins do that are linked with one.
std::vector<Image> large_libraries(std::span<const Mapping> mappings);

// Remote address minus address in the file, for each time that the file is loaded: a plug-in can have a copy of its
// own (dlmopen), and a program that reads its own libpython maps it as well. Only a place counts where `address` falls
// into memory that can be written, as data that the program uses must.
std::vector<std::uint64_t> load_biases(const ElfFile& elf, const Image& image, std::uint64_t address,
                                       std::span<const Mapping> all);

}  // namespace gilspy::locate
