// The probes as files, in the memory of a process that exists only in a test, and in this one.
#pragma once

#include <elf.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "gilspy/platform.h"
#include "platform/replay/fake_target.h"
#include "src/native/address_space.h"
#include "src/native/symbol_table.h"
#include "tests/unit/native/probe/probe.h"
#include "tests/unit/temporary_folder.h"

namespace gilspy::native {

using test::TemporaryFolder;

inline std::vector<std::byte> content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

class OwnFile final : public FileBytes {
 public:
  explicit OwnFile(std::vector<std::byte> bytes) : bytes_(std::move(bytes)) {}
  std::span<const std::byte> bytes() const override { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

// What a loader makes of the file.
inline std::vector<Mapping> load(FakeTarget& target, const std::string& file, const std::string& shown, RemoteAddr base,
                                 std::uint64_t inode = 17) {
  constexpr std::uint64_t kPage = 4096;
  const std::vector<std::byte> bytes = content_of(file);
  Elf64_Ehdr header{};
  std::memcpy(&header, bytes.data(), sizeof header);
  std::vector<Mapping> mappings;
  for (std::size_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment{};
    std::memcpy(&segment, &bytes[header.e_phoff + i * sizeof segment], sizeof segment);
    if (segment.p_type != PT_LOAD) continue;
    const std::uint64_t begin = segment.p_vaddr / kPage * kPage;
    const std::uint64_t end = (segment.p_vaddr + segment.p_memsz + kPage - 1) / kPage * kPage;
    target.memory.put_bytes(base + begin, std::vector<std::byte>(end - begin));
    target.memory.put_bytes(base + segment.p_vaddr, std::span(bytes).subspan(segment.p_offset, segment.p_filesz));
    mappings.push_back({.begin = base + begin,
                        .end = base + end,
                        .file_offset = segment.p_offset / kPage * kPage,
                        .readable = (segment.p_flags & PF_R) != 0,
                        .writable = (segment.p_flags & PF_W) != 0,
                        .executable = (segment.p_flags & PF_X) != 0,
                        .device = 1,
                        .inode = inode,
                        .path = shown});
  }
  target.set_file(shown, bytes);
  return mappings;
}

// Where a function begins, by the symbols of a file that was not stripped.
inline std::uint64_t address_in(const std::string& file, std::string_view name) {
  SymbolTable symbols;
  symbols.add(content_of(file));
  for (std::uint64_t address = 0; address < 1U << 20; ++address) {
    const auto found = symbols.find(address);
    if (found.has_value() && found->name == name) return address;
  }
  return 0;
}

// This process, as we see others.
struct OwnProcess {
  std::unique_ptr<Target> target = std::move(*platform::attach(Pid{::getpid()}));
  AddressSpace space{*target};
};

template <typename Result, typename... Arguments>
RemoteAddr address_of(Result (*function)(Arguments...)) {
  return RemoteAddr(reinterpret_cast<std::uintptr_t>(function));
}

}  // namespace gilspy::native
