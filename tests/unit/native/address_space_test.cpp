#include "src/native/address_space.h"

#include <gtest/gtest.h>

#include "tests/unit/native/probe_files.h"

namespace gilspy::native {
namespace {

constexpr RemoteAddr kBase{0x10000000};

// Pages of zeros, where a test does not put something else.
class FakeSpace : public ::testing::Test {
 protected:
  FakeTarget target_;
  AddressSpace space_{target_};
  std::vector<Mapping> mappings_;

  Mapping& map(RemoteAddr begin, const char* rights, const std::string& path, std::uint64_t offset = 0,
               std::uint64_t pages = 1, std::uint64_t inode = 7) {
    mappings_.push_back({.begin = begin,
                         .end = begin + 4096 * pages,
                         .file_offset = offset,
                         .readable = rights[0] == 'r',
                         .writable = rights[1] == 'w',
                         .executable = rights[2] == 'x',
                         .device = 1,
                         .inode = inode,
                         .path = path});
    target_.memory.put_bytes(begin, std::vector<std::byte>(4096 * pages));
    target_.set_mappings(mappings_);
    return mappings_.back();
  }
  bool read(RemoteAddr from, std::size_t size) {
    std::vector<std::byte> into(size);
    return space_.read(from, into);
  }
};

TEST_F(FakeSpace, CodeOfAFile) {
  map(kBase, "r--", "/a.so", 0);
  map(kBase + 0x1000, "r-x", "/a.so", 0x1000);
  map(kBase + 0x2000, "rw-", "/a.so", 0x2000);
  map(kBase + 0x3000, "rw-", "");
  map(kBase + 0x5000, "r-x", "/b.so");
  EXPECT_EQ(space_.image_at(kBase), nullptr) << "not code";
  const NativeImage* const image = space_.image_at(kBase + 0x1000);
  ASSERT_NE(image, nullptr);
  EXPECT_EQ(image->path, "/a.so");
  EXPECT_EQ(image->begin, kBase);
  EXPECT_EQ(image->end, kBase + 0x3000);
  EXPECT_EQ(space_.image_at(kBase + 0x1fff), image);
  EXPECT_EQ(space_.image_at(kBase + 0x2000), nullptr);
  EXPECT_EQ(space_.image_at(kBase + 0x3000), nullptr);
  EXPECT_EQ(space_.image_at(kBase + 0x5000)->path, "/b.so");
  EXPECT_EQ(space_.image_at(kBase - 1), nullptr);
  EXPECT_EQ(space_.image_at(RemoteAddr{}), nullptr);
  EXPECT_EQ(space_.image_at(RemoteAddr(~std::uint64_t{0})), nullptr);
  EXPECT_EQ(space_.changes(), 0U);
}

TEST_F(FakeSpace, AFileThatIsMappedTwiceIsTwoImages) {
  map(kBase, "r-x", "/a.so", 0);
  map(kBase + 0x1000, "rw-", "/a.so", 0x1000);
  map(kBase + 0x2000, "r-x", "/a.so", 0);
  EXPECT_EQ(space_.image_at(kBase)->end, kBase + 0x2000);
  EXPECT_EQ(space_.image_at(kBase + 0x2000)->begin, kBase + 0x2000);
}

TEST_F(FakeSpace, NamelessMemoryInBetweenDoesNotEndAnImage) {
  map(kBase, "r--", "/a.so", 0);
  map(kBase + 0x1000, "---", "");
  map(kBase + 0x2000, "r-x", "/a.so", 0x1000);
  ASSERT_NE(space_.image_at(kBase + 0x2000), nullptr);
  EXPECT_EQ(space_.image_at(kBase + 0x2000)->begin, kBase);
}

TEST_F(FakeSpace, WhatIsNoFileHasNoCodeButForTheKernels) {
  map(kBase, "rwx", "");
  map(kBase + 0x1000, "r-x", "[heap]");
  map(kBase + 0x2000, "r-x", "[vdso]");
  map(kBase + 0x3000, "r-x", "[vsyscall]");
  EXPECT_EQ(space_.image_at(kBase), nullptr);
  EXPECT_EQ(space_.image_at(kBase + 0x1000), nullptr);
  ASSERT_NE(space_.image_at(kBase + 0x2000), nullptr);
  EXPECT_EQ(space_.image_at(kBase + 0x2000)->path, "[vdso]");
  EXPECT_EQ(space_.file_of(*space_.image_at(kBase + 0x2000)), nullptr);
  EXPECT_EQ(space_.image_at(kBase + 0x3000), nullptr);
}

TEST_F(FakeSpace, WhatComesLaterIsFoundWhenAllowed) {
  map(kBase, "r-x", "/a.so");
  EXPECT_NE(space_.image_at(kBase), nullptr);
  map(kBase + 0x5000, "r-x", "/b.so");
  EXPECT_EQ(space_.image_at(kBase + 0x5000), nullptr) << "not asked for again";
  space_.allow_refresh();
  const NativeImage* const before = space_.image_at(kBase);
  EXPECT_NE(space_.image_at(kBase + 0x5000), nullptr);
  EXPECT_EQ(space_.image_at(kBase), before);
  EXPECT_EQ(space_.changes(), 0U) << "nothing that was known is out of date";
}

TEST_F(FakeSpace, OneInThePlaceOfAnother) {
  map(kBase, "r-x", "/a.so");
  EXPECT_EQ(space_.image_at(kBase)->path, "/a.so");
  mappings_.clear();
  map(kBase, "r-x", "/b.so");
  space_.allow_refresh();
  EXPECT_EQ(space_.image_at(kBase + 0x9000), nullptr);
  EXPECT_EQ(space_.changes(), 1U);
  EXPECT_EQ(space_.image_at(kBase)->path, "/b.so");
}

TEST_F(FakeSpace, AnotherFileOfTheSameName) {
  map(kBase, "r-x", "/a.so", 0, 1, 7);
  EXPECT_TRUE(space_.image_at(kBase) != nullptr && read(kBase, 8));
  mappings_.clear();
  map(kBase, "r-x", "/a.so", 0, 1, 8);
  target_.memory.put(kBase, std::uint64_t{42});
  space_.allow_refresh();
  space_.image_at(kBase + 0x9000);
  EXPECT_EQ(space_.changes(), 1U);
  std::uint64_t value = 0;
  EXPECT_TRUE(space_.read(kBase, std::as_writable_bytes(std::span(&value, 1))));
  EXPECT_EQ(value, 42U) << "pages of the former one are forgotten";
}

// Nobody says that a library was loaded where another one lay: its first bytes do.
TEST_F(FakeSpace, OneInThePlaceOfAnotherIsNoticedByItsBegin) {
  map(kBase, "r-x", "/a.so");
  map(kBase + 0x5000, "r-x", "/c.so");
  const std::array places{kBase + 0x10, kBase + 0x20, kBase + 0x5000, RemoteAddr(0x42)};
  EXPECT_EQ(space_.image_at(kBase)->path, "/a.so");
  EXPECT_TRUE(space_.is_up_to_date(places));
  mappings_.clear();
  map(kBase, "r-x", "/b.so");
  target_.memory.remove(kBase + 0x5000, 4096);
  EXPECT_FALSE(space_.is_up_to_date(std::span(places).subspan(2))) << "c.so is gone";
  EXPECT_EQ(space_.image_at(kBase)->path, "/b.so");
  target_.memory.put(kBase + 0x3f8, std::uint64_t{42});
  EXPECT_FALSE(space_.is_up_to_date(places));
  EXPECT_TRUE(space_.is_up_to_date(places));
  EXPECT_EQ(space_.changes(), 2U);
}

TEST_F(FakeSpace, MemoryThatIsNamedLikeAFileIsNone) {
  map(kBase, "r-x", "/dev/zero (deleted)");
  map(kBase + 0x5000, "r-x", "/memfd:jit (deleted)");
  EXPECT_EQ(space_.image_at(kBase), nullptr);
  EXPECT_EQ(space_.image_at(kBase + 0x5000), nullptr);
}

TEST_F(FakeSpace, OneThatIsGone) {
  map(kBase, "r-x", "/a.so");
  map(kBase + 0x5000, "r-x", "/b.so");
  EXPECT_NE(space_.image_at(kBase), nullptr);
  mappings_.pop_back();
  target_.set_mappings(mappings_);
  space_.allow_refresh();
  EXPECT_EQ(space_.image_at(kBase + 0x9000), nullptr);
  EXPECT_EQ(space_.image_at(kBase + 0x5000), nullptr);
  EXPECT_EQ(space_.changes(), 1U);
}

TEST_F(FakeSpace, OnlyWhatStaysAsItIsIsRead) {
  map(kBase, "r--", "/a.so", 0);
  map(kBase + 0x1000, "r-x", "/a.so", 0x1000);
  map(kBase + 0x2000, "rw-", "/a.so", 0x2000);
  map(kBase + 0x3000, "---", "/a.so", 0x3000);
  map(kBase + 0x4000, "r--", "");
  ASSERT_NE(space_.image_at(kBase + 0x1000), nullptr);
  EXPECT_TRUE(read(kBase, 0x2000));
  EXPECT_TRUE(read(kBase + 0xfff, 2));
  EXPECT_FALSE(read(kBase + 0x2000, 1));
  EXPECT_FALSE(read(kBase + 0x1fff, 2));
  EXPECT_FALSE(read(kBase + 0x3000, 1));
  EXPECT_FALSE(read(kBase + 0x4000, 1));
  EXPECT_TRUE(space_.is_data(kBase + 0x2000));
  EXPECT_TRUE(space_.is_data(kBase + 0x2fff));
  for (const std::uint64_t at : {0x0U, 0x1000U, 0x3000U, 0x4000U, 0x9000U}) EXPECT_FALSE(space_.is_data(kBase + at));
  EXPECT_FALSE(read(RemoteAddr(~std::uint64_t{0}), 8));
  EXPECT_FALSE(read(RemoteAddr{}, 8));
  EXPECT_TRUE(read(kBase, 0));
}

TEST_F(FakeSpace, APageIsReadOnce) {
  map(kBase, "r-x", "/a.so");
  ASSERT_NE(space_.image_at(kBase), nullptr);
  EXPECT_TRUE(read(kBase, 8));
  target_.clear_reads();
  for (std::uint64_t at = 0; at < 4096; at += 64) EXPECT_TRUE(read(kBase + at, 64));
  EXPECT_TRUE(target_.reads().empty());
}

TEST_F(FakeSpace, PagesThatCannotBeRead) {
  map(kBase, "r-x", "/a.so", 0, 2);
  target_.memory.remove(kBase, 1);  // its ELF header, too
  const NativeImage* const image = space_.image_at(kBase);
  ASSERT_NE(image, nullptr);
  EXPECT_TRUE(image->unwind_table.is_null());
  EXPECT_FALSE(read(kBase, 1));
  EXPECT_FALSE(read(kBase + 8, 1));
  EXPECT_TRUE(read(kBase + 0x1000, 1));
  target_.fail_reads(ErrorCode::kGone);
  EXPECT_FALSE(read(kBase, 1));
}

TEST_F(FakeSpace, WhatTheHeaderSays) {
  mappings_ = load(target_, GILSPY_PROBE, "/probe.so", kBase);
  target_.set_mappings(mappings_);
  const NativeImage* const image = space_.image_at(kBase + address_in(GILSPY_PROBE, "probe_start"));
  ASSERT_NE(image, nullptr);
  EXPECT_EQ(image->bias, kBase.value());
  EXPECT_TRUE(image->unwind_table.in(image->begin, image->end.since(image->begin)));
  EXPECT_GT(image->unwind_size, 12U);
  const auto file = space_.file_of(*image);
  ASSERT_NE(file, nullptr);
  EXPECT_TRUE(std::ranges::equal(file->bytes(), content_of(GILSPY_PROBE)));
}

TEST(OwnSpace, HasThisProgramAndItsLibraries) {
  OwnProcess process;
  const NativeImage* const library = process.space.image_at(address_of(probe_start));
  ASSERT_NE(library, nullptr);
  EXPECT_TRUE(library->path.ends_with("libgilspy_probe.so")) << library->path;
  EXPECT_FALSE(library->unwind_table.is_null());
  const NativeImage* const program = process.space.image_at(address_of(content_of));
  ASSERT_NE(program, nullptr);
  EXPECT_TRUE(program->path.ends_with("native_files_test")) << program->path;
  EXPECT_FALSE(program->unwind_table.is_null());
  std::array<std::byte, 16> code{};
  EXPECT_TRUE(process.space.read(address_of(probe_start), code));
  EXPECT_EQ(std::memcmp(code.data(), reinterpret_cast<const void*>(probe_start), code.size()), 0);
  std::uint64_t on_the_stack = 0;
  EXPECT_FALSE(process.space.read(RemoteAddr(reinterpret_cast<std::uintptr_t>(&on_the_stack)), code));
  EXPECT_EQ(process.space.changes(), 0U);
}

}  // namespace
}  // namespace gilspy::native
