// An ELF file of somebody else's process: as a file, and as it lies in memory.
#include "gilspy/locate.h"
#include "input.h"
#include "platform/replay/fake_target.h"
#include "src/locate/elf_file.h"

namespace gilspy {
namespace {

constexpr RemoteAddr kLoadedAt{0x400000};

void ask(const locate::ElfFile& elf) {
  for (const std::string_view name : {"_PyRuntime", "Py_Version", ""}) {
    elf.exported_symbol(name);
    elf.any_symbol(name);
    elf.section_address(name);
    elf.needs(name);
  }
  elf.section_address(".PyRuntime");
  elf.needs("libpython");
}

// A process whose program is this file. All of it can be written: then it is data in which a runtime may be.
void locate_in(std::span<const std::byte> bytes, bool file_is_there) {
  constexpr std::uint64_t kPage = 4096;
  constexpr std::uint64_t kMost = 1 << 20;
  const std::uint64_t size = std::min<std::uint64_t>((bytes.size() + kPage) / kPage * kPage, kMost);
  FakeTarget target;
  target.add_thread(Tid{1000});
  target.memory.put_bytes(kLoadedAt, bytes);
  Mapping mapping;
  mapping.begin = kLoadedAt;
  mapping.end = kLoadedAt + size;
  mapping.readable = mapping.writable = true;
  mapping.inode = 1;
  mapping.path = target.identity().executable;
  target.set_mappings({mapping});
  if (file_is_there) target.set_file(mapping.path, {bytes.begin(), bytes.end()});
  const auto candidates = locate::find_candidates(target);
  fuzz::require(!candidates.has_value() || !candidates->empty());
}

}  // namespace
}  // namespace gilspy

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gilspy;
  const auto bytes = fuzz::Input(data, size).rest();
  if (const auto elf = locate::ElfFile::open(bytes)) ask(*elf);
  if (const auto elf = locate::ElfFile::open(bytes, kLoadedAt)) ask(*elf);
  locate_in(bytes, true);
  locate_in(bytes, false);
  return 0;
}
