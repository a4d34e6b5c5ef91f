// Where _PyRuntime is. In the program itself when that exports it: its symbols come before those of any library, also
// for the code of a libpython that is mapped beside it. Else in a libpython, else in a program that hides it.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "debug_header.h"
#include "elf_file.h"
#include "gilspy/locate.h"
#include "gilspy/memory.h"
#include "images.h"
#include "names.h"
#include "not_python.h"

namespace gilspy::locate {
namespace {

constexpr std::string_view kRuntimeSymbol = "_PyRuntime";
constexpr std::string_view kRuntimeSection = ".PyRuntime";  // 3.10+; survives strip
constexpr std::string_view kVersionSymbol = "Py_Version";

struct OpenImage {
  Image image;
  std::unique_ptr<FileBytes> bytes;
  ElfFile elf;
};

struct Images {
  std::vector<OpenImage> open;
  std::optional<Error> failure;  // the first file that could not be read
};

Images open_images(Target& target, std::span<const Mapping> mappings) {
  Images images;
  for (Image& image : python_images(mappings, target.identity().executable)) {
    auto bytes = target.file_of(image.mappings.front());
    if (!bytes.has_value()) {
      if (!images.failure) images.failure = bytes.error();
      continue;
    }
    if (auto elf = ElfFile::open((*bytes)->bytes())) {
      images.open.push_back({std::move(image), std::move(*bytes), std::move(*elf)});
    }
  }
  return images;
}

struct Found {
  const OpenImage* where = nullptr;
  std::uint64_t bias = 0;
  RemoteAddr runtime;
};

std::optional<Found> at(const OpenImage& image, std::optional<std::uint64_t> address, std::span<const Mapping> all) {
  if (!address) return std::nullopt;
  const auto bias = load_bias(image.elf, image.image, *address, all);
  if (!bias) return std::nullopt;
  return Found{&image, *bias, RemoteAddr(*bias + *address)};
}

std::optional<Found> search(const std::vector<OpenImage>& images, std::span<const Mapping> all) {
  for (const OpenImage& image : images) {
    if (auto found = at(image, image.elf.exported_symbol(kRuntimeSymbol), all)) return found;
  }
  for (const OpenImage& image : images) {
    if (auto found = at(image, image.elf.any_symbol(kRuntimeSymbol), all)) return found;
    if (auto found = at(image, image.elf.section_address(kRuntimeSection), all)) return found;
  }
  return std::nullopt;
}

// `unsigned long Py_Version`, from the target's memory: the file may have been exchanged since.
std::optional<PythonVersion> version_constant(MemoryReader& memory, const Found& found) {
  const auto address = found.where->elf.any_symbol(kVersionSymbol);
  if (!address) return std::nullopt;
  const auto hex = read_value<std::uint64_t>(memory, RemoteAddr(found.bias + *address));
  return hex.has_value() ? version_of_hex(*hex) : std::nullopt;
}

Result<RuntimeLocation> describe(Target& target, const Found& found, std::span<const Mapping> mappings) {
  RuntimeLocation location;
  location.runtime = found.runtime;
  location.binary = found.where->image.path;
  GILSPY_TRY(const auto header, read_debug_header(target, found.runtime));
  if (header) {
    location.version = header->version;
    location.free_threaded = header->free_threaded;
    return location;
  }
  auto version = version_constant(target, found);
  if (!version) version = version_in_name(location.binary);
  if (!version) version = version_in_modules(mappings);
  if (!version) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("{} holds a Python runtime that does not tell its version", location.binary));
  }
  location.version = *version;
  return location;
}

// Nothing found: is it too early, or no CPython that we could know?
tl::unexpected<Error> explain(Target& target, const Images& images) {
  const int pid = to_int(target.identity().pid);
  const bool library_seen = std::any_of(images.open.begin(), images.open.end(),
                                        [](const OpenImage& image) { return !image.image.is_program; });
  for (const OpenImage& image : images.open) {
    if (!library_seen && image.elf.needs("libpython")) {
      return fail(ErrorCode::kNotReady, fmt::format("process {} has not loaded its libpython yet", pid));
    }
  }
  if (images.failure) return tl::unexpected(*images.failure);
  for (const OpenImage& image : images.open) {
    if (!image.image.is_program || is_python_program(image.image.path)) {
      return fail(ErrorCode::kUnsupported,
                  fmt::format("{}, which process {} runs, has no _PyRuntime: a Python older than 3.7, another Python "
                              "than CPython, or all its symbols have been removed",
                              image.image.path, pid));
    }
  }
  return fail(ErrorCode::kNotPython, not_python_text(target.identity(), target.descendants()));
}

}  // namespace

Result<RuntimeLocation> find_runtime(Target& target) {
  GILSPY_TRY(const std::vector<Mapping> mappings, target.mappings());
  const Images images = open_images(target, mappings);
  if (const auto found = search(images.open, mappings)) return describe(target, *found, mappings);
  return explain(target, images);
}

}  // namespace gilspy::locate
