// Why no runtime was found: is it too early, no Python, or one that gilspy cannot read?
#pragma once

#include <span>

#include "gilspy/result.h"
#include "gilspy/target.h"
#include "open_images.h"

namespace gilspy::locate {

// The architecture that this gilspy reads: its own.
bool is_readable(const ElfFile& elf);

tl::unexpected<Error> refusal(Target& target, const Images& images, std::span<const Mapping> mappings);

}  // namespace gilspy::locate
