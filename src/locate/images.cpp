#include "images.h"

#include <algorithm>

#include "names.h"

namespace gilspy::locate {
namespace {

bool writable_at(std::span<const Mapping> mappings, RemoteAddr address) {
  return std::any_of(mappings.begin(), mappings.end(),
                     [&](const Mapping& m) { return m.writable && address.in(m.begin, m.end.since(m.begin)); });
}

// The file offset at which the loader starts to map a segment: rounded down to a page, whatever a page is there.
bool starts_segment(const Mapping& mapping, const Segment& segment) {
  constexpr std::uint64_t kLargestPage = 1U << 16;
  return mapping.file_offset <= segment.offset && segment.offset - mapping.file_offset < kLargestPage;
}

bool same_file(const Mapping& mapping, const std::string& executable) {
  constexpr std::string_view kDeletedMark = " (deleted)";
  std::string_view path = mapping.path;
  if (path.ends_with(kDeletedMark)) path.remove_suffix(kDeletedMark.size());
  return !executable.empty() && path == executable;
}

void add(const Mapping& mapping, bool is_program, std::vector<Image>& images) {
  auto image = std::find_if(images.begin(), images.end(), [&](const Image& i) { return i.path == mapping.path; });
  if (image == images.end()) image = images.insert(images.end(), {mapping.path, is_program, {}});
  image->mappings.push_back(mapping);
}

}  // namespace

std::vector<Image> python_images(std::span<const Mapping> mappings, const std::string& executable) {
  std::vector<Image> images;
  for (const Mapping& mapping : mappings) {
    const bool is_program = same_file(mapping, executable);
    if (!is_program && !is_python_library(mapping.path) && !is_python_program(mapping.path)) continue;
    add(mapping, is_program, images);
  }
  // Who reads the file of a Python does not run it.
  std::erase_if(images, [](const Image& image) {
    return !image.is_program && std::none_of(image.mappings.begin(), image.mappings.end(),
                                             [](const Mapping& m) { return m.writable || m.executable; });
  });
  std::stable_partition(images.begin(), images.end(), [](const Image& image) { return image.is_program; });
  return images;
}

std::vector<Image> large_libraries(std::span<const Mapping> mappings) {
  constexpr std::uint64_t kSmallestPython = std::uint64_t{1} << 20;
  std::vector<Image> images;
  for (const Mapping& mapping : mappings) {
    if (file_name(mapping.path).find(".so") != std::string_view::npos) add(mapping, false, images);
  }
  std::erase_if(images, [](const Image& image) {
    std::uint64_t size = 0;
    for (const Mapping& m : image.mappings) size += m.end.since(m.begin);
    const auto& parts = image.mappings;
    return size < kSmallestPython || std::ranges::none_of(parts, [](const Mapping& m) { return m.executable; }) ||
           std::ranges::none_of(parts, [](const Mapping& m) { return m.writable; });
  });
  return images;
}

std::vector<std::uint64_t> load_biases(const ElfFile& elf, const Image& image, std::uint64_t address,
                                       std::span<const Mapping> all) {
  std::vector<std::uint64_t> biases;
  if (elf.segments().empty()) return biases;
  // The loader reserves one range for the whole file, so that the bias of the first segment is that of all.
  const Segment& first = elf.segments().front();
  for (const Mapping& mapping : image.mappings) {
    if (!starts_segment(mapping, first)) continue;
    const std::uint64_t bias = mapping.begin.value() - mapping.file_offset + first.offset - first.address;
    if (!elf.position_independent() && bias != 0) continue;
    if (writable_at(all, RemoteAddr(bias + address))) biases.push_back(bias);
  }
  return biases;
}

}  // namespace gilspy::locate
