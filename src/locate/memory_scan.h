// Runtimes without a name: searched for in the memory that belongs to the program and to Python libraries.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "gilspy/locate.h"
#include "gilspy/target.h"
#include "images.h"

namespace gilspy::locate {

// Writable data of an image, with the anonymous memory directly behind it: its zero-initialised data (.bss).
struct Region {
  RemoteAddr begin;
  std::uint64_t size = 0;
  std::string binary;
};
std::vector<Region> data_regions(std::span<const Image> images, std::span<const Mapping> all);

// The regions' bytes; what cannot be read is zero.
std::vector<std::byte> read_region(MemoryReader& memory, const Region& region);

// Places of the eight bytes "xdebugpy", with which _Py_DebugOffsets begins.
std::vector<RemoteAddr> find_cookies(std::span<const std::byte> bytes, RemoteAddr begin);

// Runtimes by the shape of their pointers, ascending.
std::vector<RemoteAddr> find_shapes(MemoryReader& memory, std::span<const std::byte> bytes, RemoteAddr begin,
                                    const PointerShape& shape, std::span<const Mapping> all);

}  // namespace gilspy::locate
