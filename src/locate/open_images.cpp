#include "open_images.h"

#include <algorithm>
#include <utility>

#include "gilspy/memory.h"
#include "names.h"

namespace gilspy::locate {
namespace {

constexpr std::uint64_t kLargestFile = std::uint64_t{1} << 28;
constexpr std::size_t kChunk = std::size_t{1} << 20;

class CopiedBytes final : public FileBytes {
 public:
  explicit CopiedBytes(std::vector<std::byte> bytes) : bytes_(std::move(bytes)) {}
  std::span<const std::byte> bytes() const override { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

const Mapping* first_page(const Image& image) {
  const auto found =
      std::ranges::find_if(image.mappings, [](const Mapping& m) { return m.file_offset == 0 && m.readable; });
  return found == image.mappings.end() ? nullptr : &*found;
}

}  // namespace

std::unique_ptr<FileBytes> file_from_memory(MemoryReader& memory, const Image& image) {
  if (first_page(image) == nullptr) return nullptr;
  std::vector<std::byte> bytes;
  for (const Mapping& mapping : image.mappings) {
    const std::uint64_t size = mapping.end.since(mapping.begin);
    if (!mapping.readable || size > kLargestFile || mapping.file_offset > kLargestFile - size) continue;
    bytes.resize(std::max<std::size_t>(bytes.size(), mapping.file_offset + size));
    const auto place = std::span(bytes).subspan(mapping.file_offset, size);
    // Pages behind the end of the file are mapped, but cannot be read: they stay zero.
    for (std::size_t done = 0; done < size; done += kChunk) {
      const auto chunk = place.subspan(done, std::min<std::size_t>(kChunk, size - done));
      if (!read_exact(memory, mapping.begin + done, chunk).has_value()) std::ranges::fill(chunk, std::byte{0});
    }
  }
  // Section headers stand at the end of a file and are not loaded.
  constexpr std::size_t kSectionsAt = 0x28;  // Elf64_Ehdr.e_shoff
  if (bytes.size() >= kSectionsAt + 8) std::fill_n(bytes.begin() + kSectionsAt, 8, std::byte{0});
  return std::make_unique<CopiedBytes>(std::move(bytes));
}

Images open_images(Target& target, std::span<const Mapping> mappings) {
  Images images;
  for (Image& image : python_images(mappings, target.identity().executable)) {
    std::optional<RemoteAddr> loaded_at;
    auto file = target.file_of(image.mappings.front());
    std::unique_ptr<FileBytes> bytes;
    if (file.has_value()) {
      bytes = std::move(*file);
    } else {
      if (!images.failure) images.failure = file.error();
      bytes = file_from_memory(target, image);
      if (!bytes) continue;
      loaded_at = first_page(image)->begin;
    }
    if (auto elf = ElfFile::open(bytes->bytes(), loaded_at)) {
      images.open.push_back({std::move(image), std::move(bytes), std::move(*elf)});
    }
  }
  return images;
}

std::vector<OpenImage> open_files(Target& target, std::vector<Image> images) {
  std::vector<OpenImage> open;
  for (Image& image : images) {
    auto file = target.file_of(image.mappings.front());
    if (!file.has_value()) continue;
    auto elf = ElfFile::open((*file)->bytes());
    if (elf) open.push_back({std::move(image), std::move(*file), std::move(*elf)});
  }
  return open;
}

bool is_python(const OpenImage& open) { return !open.image.is_program || is_python_program(open.image.path); }

}  // namespace gilspy::locate
