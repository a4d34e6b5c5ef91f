// What is taken for a runtime and what is refused, in processes made up for the purpose.
#include <gmock/gmock.h>

#include "gilspy/locate.h"
#include "platform/replay/fake_target.h"
#include "small_elf.h"
#include "src/locate/memory_scan.h"
#include "src/locate/open_images.h"

namespace gilspy::locate {
namespace {

using test::SmallElf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::uint64_t kProgramAt = 0x555500000000;
constexpr std::uint64_t kLibraryAt = 0x7f0000000000;
constexpr std::uint64_t kSize = 8192;
constexpr std::uint64_t kHex313 = 0x030d00f0;  // 3.13.0
const std::string kProgram = "/usr/bin/python3";
const std::string kLibrary = "/usr/lib/libpython3.13.so.1.0";

Mapping mapping(std::uint64_t begin, std::uint64_t size, std::string path, bool writable = true) {
  Mapping made;
  made.begin = RemoteAddr(begin);
  made.end = RemoteAddr(begin + size);
  made.readable = true;
  made.writable = writable;
  made.executable = !writable;
  made.inode = path.empty() ? 0 : 7;
  made.path = std::move(path);
  return made;
}

SmallElf with_runtime(std::uint64_t runtime) {
  SmallElf elf;
  elf.variables = {{"_PyRuntime", runtime}};
  return elf;
}

class Candidates : public ::testing::Test {
 protected:
  // A file loaded at an address, in memory as on disk.
  void load(const std::string& path, std::uint64_t address, const SmallElf& elf) {
    mappings_.push_back(mapping(address, kSize, path));
    target_.set_mappings(mappings_);
    target_.set_file(path, elf.bytes());
    target_.memory.put_bytes(RemoteAddr(address), elf.bytes());
  }
  void add_anonymous(std::uint64_t address, std::uint64_t size) {
    mappings_.push_back(mapping(address, size, ""));
    target_.set_mappings(mappings_);
    target_.memory.put_bytes(RemoteAddr(address), std::vector<std::byte>(size));
  }
  void put_header(std::uint64_t address, std::uint64_t hex = kHex313, std::uint64_t free_threaded = 0) {
    target_.memory.put_text(RemoteAddr(address), "xdebugpy");
    target_.memory.put(RemoteAddr(address + 8), hex);
    target_.memory.put(RemoteAddr(address + 16), free_threaded);
  }
  std::vector<std::uint64_t> found() {
    const auto candidates = find_candidates(target_);
    std::vector<std::uint64_t> places;
    if (!candidates.has_value()) return places;
    for (const RuntimeLocation& candidate : *candidates) places.push_back(candidate.runtime.value());
    return places;
  }
  Error refusal() {
    const auto candidates = find_candidates(target_);
    return candidates.has_value() ? Error(ErrorCode::kSystem, "found") : candidates.error();
  }

  FakeTarget target_;
  std::vector<Mapping> mappings_;
};

TEST_F(Candidates, TheProgramsOwnBeforeALibrarys) {
  load(kLibrary, kLibraryAt, with_runtime(0x1000));
  load("/usr/bin/python3", kProgramAt, with_runtime(0x1200));
  put_header(kLibraryAt + 0x1000);
  put_header(kProgramAt + 0x1200);
  EXPECT_THAT(found(), ::testing::ElementsAre(kProgramAt + 0x1200, kLibraryAt + 0x1000));
  EXPECT_EQ(find_runtime(target_)->binary, kProgram);
}

TEST_F(Candidates, ACookieInTheDataAndBehindIt) {
  load(kProgram, kProgramAt, SmallElf{});
  load(kLibrary, kLibraryAt, SmallElf{});
  add_anonymous(kLibraryAt + kSize, 4096);
  add_anonymous(kLibraryAt + 0x100000, 4096);  // somebody else's
  put_header(kProgramAt + 0x1800, kHex313, 1);
  put_header(kLibraryAt + kSize + 0x100);
  put_header(kLibraryAt + 0x100000);
  put_header(kProgramAt + 0x1904);        // not aligned
  put_header(kProgramAt + 0x1c00, 0x41);  // not a version
  EXPECT_THAT(found(), ::testing::ElementsAre(kProgramAt + 0x1800, kLibraryAt + kSize + 0x100));
  const auto candidates = find_candidates(target_);
  EXPECT_TRUE(candidates->front().free_threaded);
  EXPECT_EQ(candidates->front().version.text(), "3.13.0");
  EXPECT_EQ(candidates->back().binary, kLibrary);
}

TEST_F(Candidates, SymbolsBeforeCookiesAndEachPlaceOnce) {
  load(kProgram, kProgramAt, SmallElf{});
  load(kLibrary, kLibraryAt, with_runtime(0x1000));
  put_header(kProgramAt + 0x1800);
  put_header(kLibraryAt + 0x1000);
  EXPECT_THAT(found(), ::testing::ElementsAre(kLibraryAt + 0x1000, kProgramAt + 0x1800));
}

// As a plug-in has that was linked with the objects of a Python.
TEST_F(Candidates, ALibraryOfAnotherNameWhereNoPythonIs) {
  constexpr std::uint64_t kLarge = 1U << 20;
  const std::string plugin = "/opt/app/plugin.so";
  const auto load_plugin = [&] {
    load(plugin, kLibraryAt, with_runtime(0x1000));
    mappings_.push_back(mapping(kLibraryAt + kSize, kLarge, plugin, false));
    mappings_.back().file_offset = kSize;
    target_.set_mappings(mappings_);
    put_header(kLibraryAt + 0x1000);
  };
  load("/opt/app/app", kProgramAt, SmallElf{});
  ProcessIdentity identity = target_.identity();
  identity.executable = "/opt/app/app";
  target_.set_identity(identity);
  EXPECT_THAT(found(), IsEmpty());
  load_plugin();
  EXPECT_THAT(found(), ::testing::ElementsAre(kLibraryAt + 0x1000));
  // One with the name of a Python comes before any other.
  load(kLibrary, kLibraryAt + (kLarge << 2), with_runtime(0x1000));
  put_header(kLibraryAt + (kLarge << 2) + 0x1000);
  EXPECT_THAT(found(), ::testing::ElementsAre(kLibraryAt + (kLarge << 2) + 0x1000));
}

TEST_F(Candidates, AFileThatCannotBeOpenedIsReadFromMemory) {
  load(kProgram, kProgramAt, SmallElf{});
  SmallElf library = with_runtime(0x1000);
  library.relocated_by = kLibraryAt;
  const std::string gone = kLibrary + " (deleted)";
  mappings_.push_back(mapping(kLibraryAt, kSize, gone));
  target_.set_mappings(mappings_);
  target_.memory.put_bytes(RemoteAddr(kLibraryAt), library.bytes());
  put_header(kLibraryAt + 0x1000);
  EXPECT_THAT(found(), ::testing::ElementsAre(kLibraryAt + 0x1000));
  EXPECT_FALSE(file_from_memory(target_, {gone, false, {}}));
}

TEST_F(Candidates, ByPointers) {
  load("/usr/bin/python3.9", kProgramAt, SmallElf{});
  ProcessIdentity identity = target_.identity();
  identity.executable = "/usr/bin/python3.9";
  target_.set_identity(identity);
  add_anonymous(kProgramAt + kSize, 4096);
  add_anonymous(kLibraryAt, 4096);  // the heap
  const PointerShape shape{32, 40, 8, 16};
  const std::uint64_t interpreter = kLibraryAt + 0x100, thread = kLibraryAt + 0x400;
  const std::uint64_t runtime = kProgramAt + kSize + 0x200;
  target_.memory.put(RemoteAddr(interpreter + 8), thread);
  target_.memory.put(RemoteAddr(thread + 16), interpreter);
  target_.memory.put(RemoteAddr(runtime + 32), interpreter);
  target_.memory.put(RemoteAddr(runtime + 40), interpreter);
  // Twins that lead to no interpreter, and an interpreter without a twin.
  target_.memory.put(RemoteAddr(runtime + 0x100), thread);
  target_.memory.put(RemoteAddr(runtime + 0x108), thread);
  target_.memory.put(RemoteAddr(runtime + 0x200), interpreter);
  const auto version = version_by_names(target_);
  ASSERT_TRUE(version);
  EXPECT_EQ(version->text(), "3.9");
  const auto places = find_by_pointers(target_, *version, shape);
  ASSERT_TRUE(places.has_value());
  ASSERT_EQ(places->size(), 1U);
  EXPECT_EQ(places->front().runtime, RemoteAddr(runtime));
  EXPECT_EQ(places->front().version.text(), "3.9");
  EXPECT_EQ(places->front().binary, "/usr/bin/python3.9");
  // A second interpreter is the head then, the first one stays the main one.
  const std::uint64_t second = kLibraryAt + 0x800;
  target_.memory.put(RemoteAddr(second + 8), thread + 0x500);
  target_.memory.put(RemoteAddr(thread + 0x500 + 16), second);
  target_.memory.put(RemoteAddr(runtime + 32), second);
  EXPECT_EQ(find_by_pointers(target_, *version, shape)->size(), 1U);
}

TEST_F(Candidates, NothingIsKnownOfAPythonWithoutAnything) {
  load(kProgram, kProgramAt, SmallElf{});
  EXPECT_THAT(found(), IsEmpty());
  EXPECT_EQ(refusal().code(), ErrorCode::kMisfit);
  EXPECT_FALSE(version_by_names(target_));
}

TEST_F(Candidates, ALibraryThatIsNotLoadedYet) {
  SmallElf program;
  program.needed = {"libpython3.13.so.1.0"};
  load(kProgram, kProgramAt, program);
  EXPECT_EQ(refusal().code(), ErrorCode::kNotReady);
}

TEST_F(Candidates, TooOld) {
  SmallElf library;
  library.variables = {{"_PyThreadState_Current", 0x1000}};
  load("/usr/lib/libpython3.6m.so.1.0", kLibraryAt, library);
  EXPECT_EQ(refusal().code(), ErrorCode::kUnsupported);
  EXPECT_THAT(refusal().message(), HasSubstr("CPython 3.6 (/usr/lib/libpython3.6m.so.1.0): older than 3.7"));
}

TEST_F(Candidates, PyPy) {
  load("/usr/bin/app", kProgramAt, SmallElf{});
  load("/usr/lib/libpypy3.10-c.so", kLibraryAt, SmallElf{});
  EXPECT_EQ(refusal().code(), ErrorCode::kUnsupported);
  EXPECT_EQ(refusal().message(), "process 1000 runs PyPy, whose memory gilspy cannot read: it reads CPython only");
}

TEST_F(Candidates, AnotherArchitecture) {
  SmallElf foreign = with_runtime(0x1000);
  foreign.machine = EM_AARCH64;
  load(kLibrary, kLibraryAt, foreign);  // as an emulator maps it
  EXPECT_EQ(refusal().code(), ErrorCode::kUnsupported);
  EXPECT_THAT(refusal().message(), HasSubstr("is built for aarch64; this gilspy reads x86-64 programs only"));
}

TEST_F(Candidates, APythonThatALoaderRuns) {
  load("/lib64/ld-linux-x86-64.so.2", kLibraryAt, SmallElf{});
  ProcessIdentity identity = target_.identity();
  identity.executable = "/lib64/ld-linux-x86-64.so.2";
  target_.set_identity(identity);
  load("/usr/bin/python3.13", kProgramAt, with_runtime(0x1000));
  put_header(kProgramAt + 0x1000);
  EXPECT_THAT(found(), ::testing::ElementsAre(kProgramAt + 0x1000));
}

TEST_F(Candidates, TheEndOfTheProcess) {
  load(kProgram, kProgramAt, with_runtime(0x1000));
  target_.fail_reads(ErrorCode::kGone);
  EXPECT_EQ(refusal().code(), ErrorCode::kGone);
}

TEST(DataRegions, JoinTheirMappingsUpToSomebodyElses) {
  std::vector<Mapping> all = {mapping(0x1000, 0x1000, "/p", false), mapping(0x2000, 0x1000, "/p"),
                              mapping(0x3000, 0x1000, ""), mapping(0x4000, 0x1000, "/other"),
                              mapping(0x5000, 0x1000, "")};
  const std::vector<Image> images = {{"/p", true, {all[0], all[1]}}};
  const auto regions = data_regions(images, all);
  ASSERT_EQ(regions.size(), 1U);
  EXPECT_EQ(regions[0].begin, RemoteAddr(0x2000));
  EXPECT_EQ(regions[0].size, 0x2000U);
  all[2].readable = false;
  EXPECT_EQ(data_regions(images, all)[0].size, 0x1000U);
}

}  // namespace
}  // namespace gilspy::locate
