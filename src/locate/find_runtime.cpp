// Where _PyRuntime is. In the program itself when that exports it: its symbols come before those of any library, also
// for the code of a libpython that is mapped beside it. Else in a libpython, else in a program that hides it.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "debug_header.h"
#include "elf_file.h"
#include "gilspy/locate.h"
#include "gilspy/memory.h"
#include "images.h"
#include "memory_scan.h"
#include "names.h"
#include "open_images.h"
#include "refusal.h"

namespace gilspy::locate {
namespace {

constexpr std::string_view kRuntimeSymbol = "_PyRuntime";
constexpr std::string_view kRuntimeSection = ".PyRuntime";  // 3.10+; survives strip
constexpr std::string_view kVersionSymbol = "Py_Version";

struct Found {
  const OpenImage* where = nullptr;
  std::uint64_t bias = 0;
  RemoteAddr runtime;
};

// Every place once, in the order in which they were found.
class Places {
 public:
  explicit Places(std::span<const Mapping> all) : all_(all) {}

  void add(const OpenImage& image, std::optional<std::uint64_t> address) {
    if (!address) return;
    for (const std::uint64_t bias : load_biases(image.elf, image.image, *address, all_)) {
      const RemoteAddr runtime(bias + *address);
      if (std::ranges::none_of(found_, [&](const Found& f) { return f.runtime == runtime; })) {
        found_.push_back({&image, bias, runtime});
      }
    }
  }
  const std::vector<Found>& found() const { return found_; }

 private:
  std::span<const Mapping> all_;
  std::vector<Found> found_;
};

Places named_places(const std::vector<OpenImage>& images, std::span<const Mapping> all) {
  Places places(all);
  for (const OpenImage& open : images) {
    if (is_readable(open.elf)) places.add(open, open.elf.exported_symbol(kRuntimeSymbol));
  }
  for (const OpenImage& open : images) {
    if (!is_readable(open.elf)) continue;
    places.add(open, open.elf.any_symbol(kRuntimeSymbol));
    places.add(open, open.elf.section_address(kRuntimeSection));
  }
  return places;
}

// `unsigned long Py_Version`, from the target's memory: the file may have been exchanged since.
std::optional<PythonVersion> version_constant(MemoryReader& memory, const Found& found) {
  const auto address = found.where->elf.any_symbol(kVersionSymbol);
  if (!address) return std::nullopt;
  const auto hex = read_value<std::uint64_t>(memory, RemoteAddr(found.bias + *address));
  return hex.has_value() ? version_of_hex(*hex) : std::nullopt;
}

// What the header at `runtime` tells, if there is one.
Result<std::optional<RuntimeLocation>> by_header(MemoryReader& memory, RemoteAddr runtime, const std::string& binary) {
  GILSPY_TRY(const auto header, read_debug_header(memory, runtime));
  if (!header) return std::nullopt;
  return RuntimeLocation{runtime, header->version, header->free_threaded, binary};
}

// Nothing: no version is known.
Result<std::optional<RuntimeLocation>> describe(Target& target, const Found& found, std::span<const Mapping> mappings) {
  const std::string& binary = found.where->image.path;
  GILSPY_TRY(auto told, by_header(target, found.runtime, binary));
  if (told) return told;
  auto version = version_constant(target, found);
  if (!version) version = version_in_name(binary);
  if (!version) version = version_in_modules(mappings);
  if (!version) return std::nullopt;
  return RuntimeLocation{found.runtime, *version, false, binary};
}

bool ends_all(const Error& error) { return error.code() == ErrorCode::kGone || error.code() == ErrorCode::kDenied; }

}  // namespace

Result<std::vector<RuntimeLocation>> find_candidates(Target& target) {
  GILSPY_TRY(const std::vector<Mapping> mappings, target.mappings());
  const Images images = open_images(target, mappings);
  Places places = named_places(images.open, mappings);
  // Only then: it looks at many files.
  std::vector<OpenImage> libraries;
  if (places.found().empty() && std::ranges::none_of(images.open, is_python)) {
    libraries = open_files(target, large_libraries(mappings));
    places = named_places(libraries, mappings);
  }

  std::vector<RuntimeLocation> candidates;
  for (const Found& found : places.found()) {
    auto location = describe(target, found, mappings);
    if (!location.has_value() && ends_all(location.error())) return tl::unexpected(location.error());
    if (location.has_value() && *location) candidates.push_back(std::move(**location));
  }
  for (const Region& region : data_regions(python_images(mappings, target.identity().executable), mappings)) {
    for (const RemoteAddr cookie : find_cookies(read_region(target, region), region.begin)) {
      const auto known = [&](const RuntimeLocation& c) { return c.runtime == cookie; };
      if (std::ranges::any_of(candidates, known)) continue;
      auto location = by_header(target, cookie, region.binary);
      if (location.has_value() && *location) candidates.push_back(std::move(**location));
    }
  }
  if (candidates.empty() && !places.found().empty()) {
    return fail(ErrorCode::kMisfit, fmt::format("{} holds a Python runtime that does not tell its version",
                                                places.found().front().where->image.path));
  }
  if (candidates.empty()) return refusal(target, images, mappings);
  return candidates;
}

Result<RuntimeLocation> find_runtime(Target& target) {
  GILSPY_TRY(const std::vector<RuntimeLocation> candidates, find_candidates(target));
  return candidates.front();
}

std::optional<PythonVersion> version_by_names(Target& target) {
  const auto mappings = target.mappings();
  if (!mappings.has_value()) return std::nullopt;
  const auto images = python_images(*mappings, target.identity().executable);
  // A library is named more exactly than a program, which may be a link for all versions.
  for (const bool program : {false, true}) {
    for (const Image& image : images) {
      const auto version = image.is_program == program ? version_in_name(image.path) : std::nullopt;
      if (version) return version;
    }
  }
  return version_in_modules(*mappings);
}

Result<std::vector<RuntimeLocation>> find_by_pointers(Target& target, const PythonVersion& version,
                                                      const PointerShape& shape) {
  GILSPY_TRY(const std::vector<Mapping> mappings, target.mappings());
  std::vector<RuntimeLocation> found;
  for (const Region& region : data_regions(python_images(mappings, target.identity().executable), mappings)) {
    const auto bytes = read_region(target, region);
    for (const RemoteAddr place : find_shapes(target, bytes, region.begin, shape, mappings)) {
      found.push_back({place, version, false, region.binary});
    }
  }
  return found;
}

}  // namespace gilspy::locate
