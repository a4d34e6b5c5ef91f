#include "debug_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "elf_bytes.h"
#include "gilspy/platform.h"

namespace gilspy::native {
namespace {

// A note: sizes of name and description, a type, then both, each padded to 4 bytes.
std::vector<std::byte> build_id_in(std::span<const std::byte> notes) {
  const auto padded = [](std::uint32_t size) { return (std::size_t{size} + 3) / 4 * 4; };
  while (notes.size() > sizeof(Elf64_Nhdr)) {
    Elf64_Nhdr header{};
    std::memcpy(&header, notes.data(), sizeof header);
    notes = notes.subspan(sizeof header);
    const std::size_t name = padded(header.n_namesz);
    if (name > notes.size() || header.n_descsz > notes.size() - name) return {};
    const auto description = notes.subspan(name, header.n_descsz);
    const bool is_gnu = header.n_namesz == 4 && std::memcmp(notes.data(), "GNU", 4) == 0;
    if (is_gnu && header.n_type == NT_GNU_BUILD_ID) return {description.begin(), description.end()};
    notes = notes.subspan(std::min(notes.size(), name + padded(header.n_descsz)));
  }
  return {};
}

std::string hex(std::span<const std::byte> bytes) {
  std::string text;
  for (const std::byte byte : bytes) text += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
  return text;
}

std::string place_by_build_id(const DebugLink& link) {
  if (link.build_id.size() < 2) return {};
  const std::string id = hex(link.build_id);
  return fmt::format("/usr/lib/debug/.build-id/{}/{}.debug", id.substr(0, 2), id.substr(2));
}

// Best first.
std::vector<std::string> places(const DebugLink& link, const std::string& path) {
  std::vector<std::string> found;
  if (std::string place = place_by_build_id(link); !place.empty()) found.push_back(std::move(place));
  const bool is_name = !link.file.empty() && link.file.find('/') == std::string::npos;
  const std::size_t slash = path.rfind('/');
  if (is_name && slash != std::string::npos) {
    const std::string folder = path.substr(0, slash);
    if (path != folder + "/" + link.file) found.push_back(fmt::format("{}/{}", folder, link.file));
    found.push_back(fmt::format("{}/.debug/{}", folder, link.file));
    found.push_back(fmt::format("/usr/lib/debug{}/{}", folder, link.file));
  }
  return found;
}

}  // namespace

DebugLink debug_link_of(std::span<const std::byte> bytes) {
  DebugLink link;
  const ElfBytes elf(bytes);
  elf.each_section([&](const GElf_Shdr& header, Elf_Scn*) {
    const std::string_view name = elf.name_of(header);
    const auto content = elf.bytes_of(header);
    if (header.sh_type == SHT_NOTE && link.build_id.empty()) link.build_id = build_id_in(content);
    if (name == ".debug_info" || name == ".zdebug_info") link.has_own = true;
    if (name != ".gnu_debuglink") return;
    const auto end = std::ranges::find(content, std::byte{0});
    std::ranges::transform(content.begin(), end, std::back_inserter(link.file),
                           [](std::byte byte) { return std::to_integer<char>(byte); });
  });
  return link;
}

// Only of the same build: a name alone says little.
std::unique_ptr<FileBytes> find_debug_file(const DebugLink& link, const std::string& path, const std::string& root) {
  if (link.build_id.empty()) return nullptr;
  const auto is_of_it = [&](const Result<std::unique_ptr<FileBytes>>& file) {
    return file.has_value() && debug_link_of((*file)->bytes()).build_id == link.build_id;
  };
  // Names that the target may have chosen are looked up where it lives.
  for (const std::string& place : places(link, path)) {
    if (auto file = platform::map_file_below(root, place); is_of_it(file)) return std::move(*file);
  }
  if (const std::string place = place_by_build_id(link); !place.empty()) {
    if (auto file = platform::map_file(place); is_of_it(file)) return std::move(*file);
  }
  return platform::fetch_debug_file(link.build_id);
}

}  // namespace gilspy::native
