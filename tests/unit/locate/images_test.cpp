// Load biases and the choice between a program and a libpython, on address spaces made up for the purpose. The ELF file
// is this test itself.
#include "src/locate/images.h"

#include <gmock/gmock.h>

#include <fstream>
#include <iterator>

namespace gilspy::locate {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::byte> own_program() {
  std::ifstream file("/proc/self/exe", std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto* bytes = reinterpret_cast<const std::byte*>(text.data());
  return {bytes, bytes + text.size()};
}

Mapping mapping(std::uint64_t begin, std::uint64_t end, std::uint64_t offset, const char* rights, std::string path) {
  Mapping made;
  made.begin = RemoteAddr(begin);
  made.end = RemoteAddr(end);
  made.file_offset = offset;
  made.readable = true;
  made.writable = rights[1] == 'w';
  made.executable = rights[1] == 'x';
  made.path = std::move(path);
  return made;
}

TEST(Images, ProgramFirstThenLibraries) {
  const std::vector<Mapping> mappings = {
      mapping(0x1000, 0x2000, 0, "r-", "/x/libpython3.11.so.1.0"),
      mapping(0x2000, 0x3000, 0x1000, "rw", "/x/libpython3.11.so.1.0"),
      mapping(0x5000, 0x6000, 0, "r-", "/bin/app (deleted)"),
      mapping(0x7000, 0x8000, 0, "r-", "/x/libpython3.so"),
      mapping(0x9000, 0xa000, 0, "rw", ""),
  };
  const auto images = python_images(mappings, "/bin/app");
  ASSERT_EQ(images.size(), 2U);
  EXPECT_TRUE(images[0].is_program);
  EXPECT_EQ(images[0].path, "/bin/app (deleted)");
  EXPECT_EQ(images[1].path, "/x/libpython3.11.so.1.0");
  EXPECT_EQ(images[1].mappings.size(), 2U);
  EXPECT_TRUE(python_images(mappings, "").size() == 1U);
}

TEST(Images, APythonThatALoaderRunsOrThatIsOnlyRead) {
  const std::vector<Mapping> mappings = {
      mapping(0x1000, 0x2000, 0, "rw", "/bin/python3.11"),
      mapping(0x5000, 0x6000, 0, "r-", "/lib/ld.so"),
      mapping(0x7000, 0x8000, 0, "r-", "/bin/python3.12"),
  };
  const auto images = python_images(mappings, "/lib/ld.so");
  ASSERT_EQ(images.size(), 2U);
  EXPECT_EQ(images[0].path, "/lib/ld.so");
  EXPECT_EQ(images[1].path, "/bin/python3.11");
  EXPECT_FALSE(images[1].is_program);
}

TEST(Images, LargeLibrariesOfAnyName) {
  constexpr std::uint64_t kLarge = 1U << 20;
  const std::vector<Mapping> mappings = {
      mapping(0x1000, 0x1000 + kLarge, 0, "rx", "/x/plugin.so"),
      mapping(0x1000 + kLarge, 0x3000 + kLarge, kLarge, "rw", "/x/plugin.so"),
      mapping(0x10000000, 0x10001000, 0, "rx", "/x/small.so"),
      mapping(0x10001000, 0x10002000, 0x1000, "rw", "/x/small.so"),
      mapping(0x20000000, 0x20000000 + kLarge, 0, "r-", "/x/only.read.so"),
      mapping(0x30000000, 0x30000000 + kLarge, 0, "rx", "/x/data"),
      mapping(0x40000000, 0x40000000 + kLarge, 0, "rw", "/x/data"),
  };
  const auto images = large_libraries(mappings);
  ASSERT_EQ(images.size(), 1U);
  EXPECT_EQ(images[0].path, "/x/plugin.so");
  EXPECT_EQ(images[0].mappings.size(), 2U);
}

class LoadBias : public ::testing::Test {
 protected:
  LoadBias() : bytes_(own_program()), elf_(ElfFile::open(bytes_)) {}

  // The file mapped as a loader would at `base`; its last segment is the one that can be written.
  std::vector<Mapping> loaded(std::uint64_t base) const {
    std::vector<Mapping> mappings;
    for (const Segment& segment : elf_->segments()) {
      const std::uint64_t skew = segment.offset % 4096;
      const std::uint64_t begin = base + segment.address - skew;
      const std::uint64_t end = (base + segment.address + segment.memory_size + 4095) / 4096 * 4096;
      const bool last = &segment == &elf_->segments().back();
      mappings.push_back(mapping(begin, end, segment.offset - skew, last ? "rw" : "r-", "/p"));
    }
    return mappings;
  }
  std::uint64_t variable() const { return elf_->segments().back().address + 8; }

  std::vector<std::byte> bytes_;
  std::optional<ElfFile> elf_;
};

TEST_F(LoadBias, OfALoadedProgram) {
  ASSERT_TRUE(elf_);
  ASSERT_TRUE(elf_->position_independent()) << "this test is built as a PIE";
  const auto mappings = loaded(0x555500000000);
  EXPECT_THAT(load_biases(*elf_, {"/p", true, mappings}, variable(), mappings), ElementsAre(0x555500000000U));
}

TEST_F(LoadBias, ACopyThatIsOnlyReadIsPassedOver) {
  auto mappings = loaded(0x555500000000);
  // The whole file at a lower address, as a program that reads ELF files maps it.
  mappings.insert(mappings.begin(), mapping(0x100000000, 0x100000000 + bytes_.size(), 0, "r-", "/p"));
  EXPECT_THAT(load_biases(*elf_, {"/p", true, mappings}, variable(), mappings), ElementsAre(0x555500000000U));
}

TEST_F(LoadBias, OfEachCopyThatIsLoaded) {
  auto mappings = loaded(0x7f0000000000);
  const auto above = loaded(0x7f1000000000);
  mappings.insert(mappings.end(), above.begin(), above.end());
  EXPECT_THAT(load_biases(*elf_, {"/p", true, mappings}, variable(), mappings),
              ElementsAre(0x7f0000000000U, 0x7f1000000000U));
}

TEST_F(LoadBias, NotLoadedAtAll) {
  const std::vector<Mapping> mappings = {mapping(0x100000000, 0x100000000 + bytes_.size(), 0, "r-", "/p")};
  EXPECT_THAT(load_biases(*elf_, {"/p", true, mappings}, variable(), mappings), IsEmpty());
  EXPECT_THAT(load_biases(*elf_, {"/p", true, {}}, variable(), {}), IsEmpty());
}

}  // namespace
}  // namespace gilspy::locate
