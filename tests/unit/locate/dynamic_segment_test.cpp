#include "src/locate/dynamic_segment.h"

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <link.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <random>

#include "small_elf.h"
#include "src/locate/elf_file.h"

namespace gilspy::locate {
namespace {

using test::SmallElf;

std::vector<std::byte> bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  std::vector<std::byte> bytes(text.size());
  std::memcpy(bytes.data(), text.data(), text.size());
  return bytes;
}

SmallElf small(SmallElf::Hash hash) {
  SmallElf elf;
  elf.hash = hash;
  elf.variables = {{"Py_Version", 0x1800}, {"_PyRuntime", 0x1000}, {"zlast", 0x1900}};
  elf.needed = {"libm.so.6", "libpython3.11.so.1.0"};
  return elf;
}

TEST(DynamicSegment, SymbolsByEitherHash) {
  for (const auto hash : {SmallElf::Hash::kGnu, SmallElf::Hash::kSysV}) {
    const auto bytes = small(hash).bytes();
    const auto elf = ElfFile::open(bytes);
    ASSERT_TRUE(elf);
    EXPECT_EQ(elf->exported_symbol("_PyRuntime"), 0x1000U);
    EXPECT_EQ(elf->exported_symbol("Py_Version"), 0x1800U);
    EXPECT_EQ(elf->any_symbol("zlast"), 0x1900U);
    EXPECT_FALSE(elf->exported_symbol("_PyRun"));
    EXPECT_FALSE(elf->exported_symbol(""));
    EXPECT_TRUE(elf->needs("libpython"));
    EXPECT_FALSE(elf->needs("libc.so"));
    EXPECT_TRUE(elf->is_64_bit());
    EXPECT_EQ(elf->machine(), EM_X86_64);
  }
}

TEST(DynamicSegment, NoSymbolsAtAll) {
  for (const auto hash : {SmallElf::Hash::kGnu, SmallElf::Hash::kSysV}) {
    SmallElf made;
    made.hash = hash;
    const auto bytes = made.bytes();
    EXPECT_FALSE(ElfFile::open(bytes)->exported_symbol("_PyRuntime"));
  }
}

// In memory, glibc has added the load address to the table's addresses, musl has not.
TEST(DynamicSegment, CopiedFromMemory) {
  for (const std::uint64_t relocated : {std::uint64_t{0}, std::uint64_t{0x7f0000000000}}) {
    SmallElf made = small(SmallElf::Hash::kGnu);
    made.relocated_by = relocated;
    const auto bytes = made.bytes();
    const auto elf = ElfFile::open(bytes, RemoteAddr(0x7f0000000000));
    ASSERT_TRUE(elf);
    EXPECT_EQ(elf->exported_symbol("_PyRuntime"), 0x1000U);
    EXPECT_TRUE(elf->needs("libpython"));
  }
}

// libc's own, by its file without section headers, where the linker found it.
TEST(DynamicSegment, OfLibc) {
  void* libc = ::dlopen("libc.so.6", RTLD_LAZY);
  ASSERT_NE(libc, nullptr);
  link_map* map = nullptr;
  ASSERT_EQ(::dlinfo(libc, RTLD_DI_LINKMAP, &map), 0);
  auto bytes = bytes_of(map->l_name);
  std::memset(bytes.data() + offsetof(Elf64_Ehdr, e_shoff), 0, 8);
  std::memset(bytes.data() + offsetof(Elf64_Ehdr, e_shnum), 0, 4);
  const auto elf = ElfFile::open(bytes);
  ASSERT_TRUE(elf);
  EXPECT_FALSE(elf->section_address(".data"));
  const auto found = elf->exported_symbol("obstack_alloc_failed_handler");
  ASSERT_TRUE(found);
  EXPECT_EQ(*found + map->l_addr, reinterpret_cast<std::uint64_t>(::dlsym(libc, "obstack_alloc_failed_handler")));
  EXPECT_TRUE(elf->needs("ld-linux"));
  ::dlclose(libc);
}

TEST(DynamicSegment, DamagedAnywhere) {
  std::mt19937 random(1);
  for (int round = 0; round < 4000; ++round) {
    auto bytes = small(round % 2 == 0 ? SmallElf::Hash::kGnu : SmallElf::Hash::kSysV).bytes();
    for (int i = 0; i < 6; ++i) {
      const std::byte values[] = {std::byte{0}, std::byte{0xff}, std::byte{0x80}, static_cast<std::byte>(random())};
      bytes[64 + random() % 0xc40] = values[random() % 4];
    }
    if (round % 5 == 0) bytes.resize(random() % bytes.size());
    bytes.shrink_to_fit();  // so that a sanitizer sees a step beyond the end
    if (const auto elf = ElfFile::open(bytes, RemoteAddr(random()))) {
      elf->exported_symbol("_PyRuntime");
      elf->needs("libpython");
    }
  }
}

}  // namespace
}  // namespace gilspy::locate
