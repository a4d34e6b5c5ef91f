#include "src/locate/elf_file.h"

#include <gmock/gmock.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <random>

// Found in .symtab, and in .dynsym if the linker was asked to export it.
extern "C" {
__attribute__((used)) int gilspy_test_variable = 7;
}

namespace gilspy::locate {
namespace {

std::vector<std::byte> bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  std::vector<std::byte> bytes(text.size());
  std::memcpy(bytes.data(), text.data(), text.size());
  return bytes;
}

// Everything that can be asked; the answers do not matter.
void ask_all(std::span<const std::byte> bytes) {
  const auto elf = ElfFile::open(bytes);
  if (!elf) return;
  elf->any_symbol("_PyRuntime");
  elf->section_address(".PyRuntime");
  elf->needs("libpython");
}

TEST(ElfFile, ThisTest) {
  const auto bytes = bytes_of("/proc/self/exe");
  const auto elf = ElfFile::open(bytes);
  ASSERT_TRUE(elf);
  EXPECT_FALSE(elf->segments().empty());
  const auto variable = elf->any_symbol("gilspy_test_variable");
  ASSERT_TRUE(variable);
  EXPECT_TRUE(elf->section_address(".data"));
  EXPECT_GE(*variable, *elf->section_address(".data"));
  EXPECT_FALSE(elf->any_symbol("gilspy_no_such_variable"));
  EXPECT_FALSE(elf->any_symbol("main"));  // a function
  EXPECT_FALSE(elf->section_address(".PyRuntime"));
  EXPECT_TRUE(elf->needs("libc.so"));
  EXPECT_FALSE(elf->needs("libpython"));
}

TEST(ElfFile, WhatIsNone) {
  EXPECT_FALSE(ElfFile::open({}));
  const auto text = bytes_of("/proc/self/status");
  EXPECT_FALSE(ElfFile::open(text));
}

TEST(ElfFile, CutShortAnywhere) {
  const auto bytes = bytes_of("/bin/true");
  ASSERT_TRUE(ElfFile::open(bytes));
  for (std::size_t size = 0; size < bytes.size(); size += size < 4096 ? 7 : 501) {
    // A copy of its own, so that a sanitizer sees a step beyond the end.
    const std::vector<std::byte> cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    ask_all(cut);
  }
}

TEST(ElfFile, DamagedHeaders) {
  const auto bytes = bytes_of("/bin/true");
  std::mt19937 random(1);
  std::uint64_t sections = 0;
  std::memcpy(&sections, bytes.data() + 40, 8);  // e_shoff
  ASSERT_LT(sections, bytes.size());
  for (int round = 0; round < 4000; ++round) {
    std::vector<std::byte> damaged = bytes;
    for (int i = 0; i < 4; ++i) {
      // In the ELF and program headers, or in the section headers.
      const bool front = random() % 2 == 0;
      const std::size_t begin = front ? 16 : sections;
      const std::size_t room = front ? 900 : bytes.size() - sections;
      const std::byte values[] = {std::byte{0}, std::byte{0xff}, std::byte{0x80}, static_cast<std::byte>(random())};
      damaged[begin + random() % room] = values[random() % 4];
    }
    ask_all(damaged);
  }
}

}  // namespace
}  // namespace gilspy::locate
