// Core files as a Target: what is in them, what files have, and what is missing or damaged.
#include "gilspy/core.h"

#include <gmock/gmock.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/syscall.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <numeric>

#include "core_maker.h"
#include "gilspy/memory.h"
#include "tests/unit/temporary_folder.h"

namespace gilspy::platform {
namespace {

using test::CoreMaker;
using test::KeptFile;
using test::TemporaryFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::size_t kPage = 4096;
constexpr std::uint64_t kText = 0x400000, kData = 0x600000, kHeap = 0x7f0000000000;

std::vector<std::byte> page_of(int seed, std::size_t size = kPage) {
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(seed + static_cast<int>(i % 100));
  return bytes;
}

std::string as_text(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::optional<std::vector<std::byte>> bytes_at(Target& target, std::uint64_t address, std::size_t size) {
  std::vector<std::byte> bytes(size);
  const ReadRange range{RemoteAddr(address), bytes};
  if (*target.read_batch({&range, 1}) != 1) return std::nullopt;
  return bytes;
}

user_regs_struct in_call(long number, long result, std::uint64_t first = 0, std::uint64_t second = 0) {
  user_regs_struct registers{};
  registers.orig_rax = static_cast<unsigned long long>(number);
  registers.rax = static_cast<unsigned long long>(result);
  registers.rdi = first;
  registers.rsi = second;
  registers.rsp = 0x7ffc0000;
  registers.rip = 0x401234;
  return registers;
}

CoreMaker one_thread() {
  CoreMaker maker;
  maker.add_process(70, "python3", "python3 app.py --fast ");
  maker.add_thread(70, in_call(-1, 0));
  return maker;
}

std::unique_ptr<CoreTarget> opened(const std::string& path, const CoreFiles& here = {}) {
  auto core = open_core(path, here);
  EXPECT_TRUE(core.has_value()) << core.error().message();
  return core.has_value() ? std::move(*core) : nullptr;
}

Error refused(const std::string& bytes) {
  const KeptFile file(bytes);
  const auto core = open_core(file.path());
  return core.has_value() ? Error(ErrorCode::kSystem, "it was opened") : core.error();
}

TEST(Core, TellsWhatTheProcessWas) {
  CoreMaker maker;
  maker.add_process(70, "python3", "python3 app.py --fast ");
  maker.add_thread(71, in_call(-1, 0), SIGSEGV);
  maker.add_thread(70, in_call(-1, 0), SIGSEGV);
  maker.add_auxiliary(kText + 64, 0);
  maker.add_files({{kText, kText + kPage, 0, "/opt/python3.13"}});
  maker.add_memory(kText, page_of(1), PF_R | PF_X);
  const KeptFile file(maker.bytes());
  const auto core = opened(file.path());
  EXPECT_EQ(core->identity().pid, Pid{70});
  EXPECT_THAT(core->identity().command, ElementsAre("python3", "app.py", "--fast"));
  EXPECT_EQ(core->identity().executable, "/opt/python3.13");
  EXPECT_THAT(*core->threads(), ElementsAre(Tid{71}, Tid{70}));
  EXPECT_EQ(*core->comm_of(Tid{71}), "python3");
  EXPECT_EQ(core->liveness(), Liveness::kAlive);
  EXPECT_EQ(*core->cpu_time(), std::chrono::seconds(4));
  EXPECT_EQ(core->facts().signal, "SIGSEGV");
  EXPECT_EQ(core->facts().signalled, Tid{71});
  EXPECT_EQ(core->facts().bytes, kPage);
  EXPECT_EQ(core->facts().bytes_missing, 0U);
}

TEST(Core, OfAProcessThatWentOnHasNoSignal) {
  CoreMaker maker;
  maker.add_thread(70, in_call(-1, 0), SIGTRAP);
  const KeptFile file(maker.bytes());
  const auto core = opened(file.path());
  EXPECT_EQ(core->facts().signal, "");
  EXPECT_EQ(core->facts().signalled, std::nullopt);
  EXPECT_EQ(core->identity().pid, Pid{70}) << "nothing else tells it";
}

struct CallCase {
  const char* name;
  user_regs_struct registers;
  SyscallFacts::State state;
  BlockedIn blocked_in;
};

class CallsInCores : public ::testing::TestWithParam<CallCase> {};

TEST_P(CallsInCores, AreWhatThreadsWereBlockedIn) {
  CoreMaker maker;
  maker.add_thread(70, GetParam().registers);
  const KeptFile file(maker.bytes());
  const auto core = opened(file.path());
  const auto facts = core->syscall_of(Tid{70});
  ASSERT_TRUE(facts.has_value());
  EXPECT_EQ(facts->state, GetParam().state);
  EXPECT_EQ(facts->blocked_in, GetParam().blocked_in);
  if (facts->state != SyscallFacts::State::kInSyscall) return;
  EXPECT_EQ(facts->first_argument, GetParam().registers.rdi);
  EXPECT_EQ(facts->stack_pointer, RemoteAddr(0x7ffc0000));
  EXPECT_EQ(facts->instruction, RemoteAddr(0x401234));
}

constexpr auto kRuns = SyscallFacts::State::kRunning;
constexpr auto kBlocked = SyscallFacts::State::kInSyscall;
constexpr long kRestartSys = -512, kRestartBlock = -516;
constexpr std::uint64_t kWait = FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME;

INSTANTIATE_TEST_SUITE_P(
    Every, CallsInCores,
    ::testing::Values(
        CallCase{"Computes", in_call(-1, 7), kRuns, BlockedIn::kNothing},
        CallCase{"WaitsForAFutex", in_call(SYS_futex, kRestartSys, 0x1234, kWait), kBlocked, BlockedIn::kFutex},
        CallCase{"WaitsForAWhile", in_call(SYS_futex, kRestartBlock, 0x1234, kWait), kBlocked, BlockedIn::kFutex},
        CallCase{"HasWaitedLongEnough", in_call(SYS_futex, -ETIMEDOUT, 0x1234, kWait), kBlocked, BlockedIn::kFutex},
        CallCase{"IsJustBeingWoken", in_call(SYS_futex, 0, 0x1234, FUTEX_WAIT_PRIVATE), kBlocked, BlockedIn::kFutex},
        CallCase{"WakesAnother", in_call(SYS_futex, 1, 0x1234, FUTEX_WAKE_PRIVATE), kRuns, BlockedIn::kNothing},
        CallCase{"Sleeps", in_call(SYS_clock_nanosleep, kRestartBlock), kBlocked, BlockedIn::kSleep},
        CallCase{"Polls", in_call(SYS_epoll_wait, -EINTR, 5), kBlocked, BlockedIn::kPoll},
        CallCase{"HasRead", in_call(SYS_read, 100, 5), kRuns, BlockedIn::kNothing},
        CallCase{"Aborts", in_call(SYS_tgkill, 0, 5), kRuns, BlockedIn::kNothing}),
    [](const auto& tested) { return tested.param.name; });

TEST(Core, ThreadsStandAndHaveAllRegisters) {
  CoreMaker maker;
  user_regs_struct registers{};
  registers.rbp = 106;
  registers.rip = 116;
  maker.add_thread(70, registers);
  const KeptFile file(maker.bytes());
  const auto core = opened(file.path());
  EXPECT_TRUE(core->may_stop().has_value());
  const std::array tids{Tid{70}, Tid{99}};
  const auto stop = core->stop(tids);
  EXPECT_TRUE((*stop)->holds(Tid{70}));
  EXPECT_FALSE((*stop)->holds(Tid{99}));
  EXPECT_EQ((*stop)->registers(Tid{70})->values[6], 106U);
  EXPECT_EQ(core->registers_of(Tid{70})->instruction(), RemoteAddr(116));
  EXPECT_EQ(core->registers_of(Tid{99}), std::nullopt);
  EXPECT_FALSE(core->release_late());
}

// A program of two pages of text, of which the core has the first, and a page of data that was changed.
class WithAProgram : public ::testing::Test {
 protected:
  WithAProgram() : program_(as_text(text_)) {
    maker_.add_auxiliary(kText + 64, kHeap + kPage);
    maker_.add_files({{kText, kText + 3 * kPage, 0, program_.path()}, {kData, kData + kPage, 1, program_.path()}});
    maker_.add_memory(kText, std::span(text_).first(kPage), PF_R | PF_X, 3 * kPage);
    maker_.add_memory(kData, page_of(40), PF_R | PF_W);
    maker_.add_memory(kHeap, page_of(90), PF_R | PF_W);
    maker_.add_memory(kHeap + kPage, page_of(95), PF_R | PF_X);
  }

  static std::vector<std::byte> program_of(int seed) {
    std::vector<std::byte> bytes = page_of(seed, kPage + 1000);
    std::memcpy(bytes.data(), ELFMAG, SELFMAG);
    return bytes;
  }

  std::vector<std::byte> text_ = program_of(1);
  KeptFile program_;
  CoreMaker maker_ = one_thread();
};

TEST_F(WithAProgram, MappingsAreThoseOfTheProcess) {
  const KeptFile file(maker_.bytes());
  const auto core = opened(file.path());
  const auto mappings = *core->mappings();
  ASSERT_EQ(mappings.size(), 4U);
  EXPECT_EQ(mappings[0].path, program_.path());
  EXPECT_TRUE(mappings[0].executable && mappings[0].readable && !mappings[0].writable);
  EXPECT_EQ(mappings[0].end, RemoteAddr(kText + 3 * kPage));
  EXPECT_EQ(mappings[1].file_offset, kPage);
  EXPECT_EQ(mappings[2].path, "");
  EXPECT_EQ(mappings[3].path, "[vdso]");
}

TEST_F(WithAProgram, MemoryIsOfTheCoreAndElseOfTheFile) {
  const KeptFile file(maker_.bytes());
  const auto core = opened(file.path());
  EXPECT_EQ(bytes_at(*core, kText + kPage, 1000), std::vector(text_.begin() + kPage, text_.end()));
  EXPECT_EQ(bytes_at(*core, kText + kPage - 8, 16), std::vector(text_.begin() + kPage - 8, text_.begin() + kPage + 8));
  EXPECT_EQ(bytes_at(*core, kData, kPage), page_of(40)) << "it was changed";
  // Behind the end of the file its page is zero, and the next one cannot be had.
  EXPECT_EQ(bytes_at(*core, kText + kPage + 1000, 8), std::vector<std::byte>(8));
  EXPECT_EQ(bytes_at(*core, kText + 2 * kPage, 8), std::nullopt);
  EXPECT_EQ(bytes_at(*core, kHeap, 2 * kPage)->size(), 2 * kPage) << "over the border of two segments";
  EXPECT_EQ(bytes_at(*core, kHeap + 2 * kPage - 4, 8), std::nullopt);
  EXPECT_EQ(bytes_at(*core, 0, 8), std::nullopt);
  EXPECT_THAT(core->facts().files_missing, IsEmpty());
}

TEST_F(WithAProgram, AnotherFileInItsPlaceIsNotUsed) {
  std::ofstream(program_.path()) << as_text(program_of(2));
  const KeptFile file(maker_.bytes());
  const auto core = opened(file.path());
  EXPECT_EQ(bytes_at(*core, kText + 8, 8), std::vector(text_.begin() + 8, text_.begin() + 16)) << "the core's own";
  EXPECT_EQ(bytes_at(*core, kText + kPage, 8), std::nullopt);
  EXPECT_THAT(core->facts().files_missing, ElementsAre(program_.path()));
  EXPECT_THAT(core->file_of(core->mappings()->front()).error().message(), HasSubstr("another build"));
}

TEST_F(WithAProgram, TheProgramMayBeElsewhere) {
  const KeptFile moved(as_text(text_));
  std::ofstream(program_.path()) << "";
  const KeptFile file(maker_.bytes());
  const auto core = opened(file.path(), {moved.path()});
  EXPECT_EQ(bytes_at(*core, kText + kPage, 1000), std::vector(text_.begin() + kPage, text_.end()));
  EXPECT_THAT(core->facts().files_missing, IsEmpty());

  const KeptFile other(as_text(program_of(3)));
  const auto refused = open_core(file.path(), {other.path()});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), ErrorCode::kMisfit);
  EXPECT_THAT(refused.error().message(), HasSubstr("is not the program of the core"));
  EXPECT_EQ(open_core(file.path(), {"/nonexistent"}).error().code(), ErrorCode::kBadRecording);
}

// A container's files, or those of another machine.
TEST_F(WithAProgram, AllFilesMayBeElsewhere) {
  const TemporaryFolder root;
  const std::string name = std::filesystem::path(program_.path()).filename();
  std::filesystem::create_directories(root.path() + "/store");
  std::ofstream(root.path() + "/store/" + name) << as_text(text_);
  // As many a container has it: a link to a path that is meant to lie in there.
  std::filesystem::create_directory_symlink("/store", root.path() + "/tmp");
  const KeptFile file(maker_.bytes());
  std::ofstream(program_.path()) << as_text(program_of(2));
  EXPECT_EQ(bytes_at(*opened(file.path()), kText + kPage, 1000), std::nullopt);
  const auto core = opened(file.path(), {"", root.path()});
  EXPECT_EQ(bytes_at(*core, kText + kPage, 1000), std::vector(text_.begin() + kPage, text_.end()));
  EXPECT_THAT(core->facts().files_missing, IsEmpty());
  EXPECT_EQ(core->identity().root, root.path());
}

TEST_F(WithAProgram, WhatIsCutOffIsMissing) {
  const std::string whole = maker_.bytes();
  const KeptFile file(whole.substr(0, whole.size() - 2 * kPage - 100));  // data, heap and vdso are a page each
  const auto core = opened(file.path());
  EXPECT_EQ(core->facts().bytes, 4 * kPage);
  EXPECT_EQ(core->facts().bytes_missing, 2 * kPage + 100);
  EXPECT_EQ(bytes_at(*core, kData, kPage - 100)->size(), kPage - 100);
  EXPECT_EQ(bytes_at(*core, kData, kPage), std::nullopt) << "not what the file had before it was changed";
  EXPECT_EQ(bytes_at(*core, kHeap, 8), std::nullopt);
}

TEST_F(WithAProgram, WhatWasNotChangedFilesHave) {
  const std::string whole = maker_.bytes();
  const KeptFile file(whole.substr(0, whole.size() - 4 * kPage));
  const auto core = opened(file.path());
  EXPECT_EQ(bytes_at(*core, kText, kPage), std::vector(text_.begin(), text_.begin() + kPage));
}

// As gcore writes them: a segment only for what it copies, offsets in bytes.
TEST_F(WithAProgram, CodeWithoutASegmentIsOfTheFile) {
  CoreMaker maker = one_thread();
  maker.add_files({{kText, kText + 2 * kPage, 0, program_.path()}}, 1);
  maker.add_memory(kText + kPage, page_of(40), PF_R | PF_W);
  const KeptFile file(maker.bytes());
  const auto core = opened(file.path());
  EXPECT_EQ(bytes_at(*core, kText + 100, 8), std::vector(text_.begin() + 100, text_.begin() + 108));
  EXPECT_EQ(bytes_at(*core, kText + kPage, 8), page_of(40, 8));
  const auto mappings = *core->mappings();
  ASSERT_EQ(mappings.size(), 2U);
  EXPECT_EQ(mappings[0].end, RemoteAddr(kText + kPage));
  EXPECT_TRUE(mappings[0].executable && !mappings[0].writable);
}

TEST_F(WithAProgram, TheFileSaysWhichPartIsCode) {
  std::vector<std::byte> bytes(3 * kPage);
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_phoff = sizeof header;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = 3;
  std::memcpy(bytes.data(), &header, sizeof header);
  for (std::size_t i = 0; i < 3; ++i) {
    Elf64_Phdr segment{};
    segment.p_type = PT_LOAD;
    segment.p_flags = i == 1 ? PF_R | PF_X : PF_R;
    segment.p_offset = i * kPage;
    segment.p_filesz = i == 0 ? kPage + 8 : kPage;  // it ends in the page in which the code begins
    std::memcpy(bytes.data() + sizeof header + i * sizeof segment, &segment, sizeof segment);
  }
  std::ofstream(program_.path()) << as_text(bytes);
  CoreMaker maker = one_thread();
  for (std::uint64_t i = 0; i < 3; ++i) {
    maker.add_files({{kText + i * kPage, kText + (i + 1) * kPage, i * kPage, program_.path()}}, 1);
  }
  const KeptFile file(maker.bytes());
  const auto mappings = *opened(file.path())->mappings();
  std::vector<bool> code;
  for (const Mapping& mapping : mappings) code.push_back(mapping.executable);
  EXPECT_THAT(code, ElementsAre(false, true, false));
}

// Where a core has no first page of a file, it could name any.
TEST_F(WithAProgram, OnlyProgramsAndLibrariesAreRead) {
  CoreMaker maker = one_thread();
  maker.add_files({{kText, kText + 2 * kPage, 0, program_.path()}}, 1);
  std::ofstream(program_.path()) << "root:$6$secret:0:0\n" << as_text(text_);
  const KeptFile file(maker.bytes());
  const auto core = opened(file.path());
  EXPECT_EQ(bytes_at(*core, kText + 5, 8), std::nullopt);
  EXPECT_THAT(core->facts().files_missing, IsEmpty()) << "data, which no stack needs";
}

TEST(Core, OthersFilesAreRefused) {
  EXPECT_EQ(refused("").code(), ErrorCode::kBadRecording);
  EXPECT_THAT(refused("").message(), HasSubstr("it is empty"));
  EXPECT_THAT(refused("import time\n").message(), HasSubstr("is not a core file"));
  EXPECT_THAT(refused(std::string("\x28\xb5\x2f\xfd....", 8)).message(), HasSubstr("`zstd -d`"));
  EXPECT_THAT(refused(std::string("\x1f\x8b......", 8)).message(), HasSubstr("`gunzip`"));
  CoreMaker program = one_thread();
  program.type = ET_DYN;
  EXPECT_THAT(refused(program.bytes()).message(), HasSubstr("a program or a library"));
  CoreMaker foreign = one_thread();
  foreign.machine = EM_S390;
  EXPECT_EQ(refused(foreign.bytes()).code(), ErrorCode::kUnsupported);
  EXPECT_THAT(refused(CoreMaker().bytes()).message(), HasSubstr("has no threads"));
  EXPECT_THAT(refused(one_thread().bytes().substr(0, 300)).message(), HasSubstr("has no threads"));
  EXPECT_THAT(open_core("/nonexistent").error().message(), HasSubstr("No such file"));
  EXPECT_THAT(open_core("/tmp").error().message(), HasSubstr("not a regular file"));
}

TEST(Core, NotesOfOthersAreNotTheirs) {
  CoreMaker maker;
  maker.add_thread(70, in_call(-1, 0));
  const elf_prstatus other{};
  maker.add_note(NT_PRSTATUS, &other, sizeof other, "LINUX");
  maker.add_note(NT_PRSTATUS, &other, 20);
  const KeptFile file(maker.bytes());
  EXPECT_THAT(*opened(file.path())->threads(), ElementsAre(Tid{70}));
}

TEST(Core, RangesThatOverlapAreLeftOut) {
  CoreMaker maker = one_thread();
  maker.add_memory(kHeap, page_of(1), PF_R | PF_W);
  maker.add_memory(kHeap + 100, page_of(2), PF_R | PF_W);
  maker.add_memory(~std::uint64_t{0} - 10, page_of(3), PF_R | PF_W);  // beyond the end of all addresses
  maker.add_files({{kText + 10, kText, 0, "/a"}, {kText, kText + kPage, 0, "/b"}, {kText + 1, kText + 9, 0, "/c"}});
  const KeptFile file(maker.bytes());
  const auto core = opened(file.path());
  const auto mappings = *core->mappings();
  ASSERT_EQ(mappings.size(), 2U);
  EXPECT_EQ(mappings[0].path, "/b");
  EXPECT_EQ(bytes_at(*core, kHeap + 100, 4), page_of(1, 4)) << "which repeats itself";
}

// Whichever byte is wrong: an error or a core, but no crash.
TEST_F(WithAProgram, DamageIsNoCrash) {
  const std::string whole = maker_.bytes();
  const std::size_t headers = whole.size() - 4 * kPage;
  const KeptFile file("");
  for (std::size_t at = 0; at < headers; at += 5) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0xff);
    std::ofstream(file.path(), std::ios::binary) << damaged;
    const auto core = open_core(file.path(), {program_.path()});
    if (!core.has_value()) continue;
    for (const std::uint64_t address : {kText, kText + kPage, kData, kHeap}) bytes_at(**core, address, 3 * kPage);
    (*core)->mappings();
    const std::vector<Tid> tids = *(*core)->threads();
    for (const Tid tid : tids) EXPECT_TRUE((*core)->syscall_of(tid).has_value());
  }
}

}  // namespace
}  // namespace gilspy::platform
