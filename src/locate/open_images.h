// The files of the program and the Python libraries, or what can be had of them.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "elf_file.h"
#include "gilspy/result.h"
#include "gilspy/target.h"
#include "images.h"

namespace gilspy::locate {

struct OpenImage {
  Image image;
  std::unique_ptr<FileBytes> bytes;
  ElfFile elf;
};

struct Images {
  std::vector<OpenImage> open;
  std::optional<Error> failure;  // the first file that could not be read
};

// A file that cannot be opened any more (it was replaced, and its owner is not root) is put together from memory: its
// headers and exported symbols are mapped.
Images open_images(Target& target, std::span<const Mapping> mappings);

// The files that can be opened.
std::vector<OpenImage> open_files(Target& target, std::vector<Image> images);

// By its name.
bool is_python(const OpenImage& open);

// The file of an image as far as it is mapped, other bytes zero; nothing when its first page is not.
std::unique_ptr<FileBytes> file_from_memory(MemoryReader& memory, const Image& image);

}  // namespace gilspy::locate
