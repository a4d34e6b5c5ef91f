// What every Target must do, whatever is behind it.
#include <gmock/gmock.h>
#include <sys/mman.h>

#include <algorithm>
#include <vector>

#include "child_process.h"
#include "core_maker.h"
#include "gilspy/core.h"
#include "gilspy/platform.h"
#include "platform/replay/capturing_target.h"
#include "platform/replay/fake_target.h"

namespace gilspy {
namespace {

constexpr std::size_t kPage = 4096;

// A process with a page of known bytes (byte i is i % 251), a hole of a page, and a page of known bytes again.
struct Subject {
  virtual ~Subject() = default;
  virtual Target& target() = 0;
  virtual void end() = 0;

  RemoteAddr known;
  RemoteAddr hole() const { return known + kPage; }
  RemoteAddr behind_hole() const { return known + 2 * kPage; }
};

std::vector<std::byte> known_bytes() {
  std::vector<std::byte> bytes(kPage);
  for (std::size_t i = 0; i < kPage; ++i) bytes[i] = static_cast<std::byte>(i % 251);
  return bytes;
}

class LinuxSubject final : public Subject {
 public:
  LinuxSubject() {
    void* place = ::mmap(nullptr, 3 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    known = RemoteAddr(reinterpret_cast<std::uint64_t>(place));
    auto* bytes = static_cast<std::byte*>(place);
    const auto content = known_bytes();
    std::copy(content.begin(), content.end(), bytes);
    std::copy(content.begin(), content.end(), bytes + 2 * kPage);
    ::munmap(bytes + kPage, kPage);
    child_ = std::make_unique<test::ChildProcess>([](int tell) {
      test::tell(tell, "ready");
      for (;;) ::pause();
    });
    child_->hear();
    ::munmap(bytes, 3 * kPage);
    target_ = std::move(*platform::attach(child_->pid()));
  }
  Target& target() override { return *target_; }
  void end() override { child_->end(); }

 private:
  std::unique_ptr<test::ChildProcess> child_;
  std::unique_ptr<Target> target_;
};

class FakeSubject final : public Subject {
 public:
  FakeSubject() {
    known = RemoteAddr(0x7f0000001000);
    target_.memory.put_bytes(known, known_bytes());
    target_.memory.put_bytes(behind_hole(), known_bytes());
    target_.add_thread(Tid{to_int(target_.identity().pid)});
  }
  Target& target() override { return target_; }
  void end() override {
    target_.fail_reads(ErrorCode::kGone);
    target_.end_thread(Tid{to_int(target_.identity().pid)});
    target_.set_liveness(Liveness::kEnded);
  }

 private:
  FakeTarget target_;
};

// What is between a process and its reader.
class CapturingSubject final : public Subject {
 public:
  CapturingSubject() { known = process_.known; }
  Target& target() override { return target_; }
  void end() override { process_.end(); }

 private:
  LinuxSubject process_;
  CapturingTarget target_{process_.target()};
};

// One that has ended already.
class CoreSubject final : public Subject {
 public:
  CoreSubject() {
    known = RemoteAddr(0x7f0000001000);
    test::CoreMaker maker;
    maker.add_process(4242, "python3", "python3");
    maker.add_thread(4242, {});
    maker.add_memory(known.value(), known_bytes(), PF_R | PF_W);
    maker.add_memory(behind_hole().value(), known_bytes(), PF_R | PF_W);
    const test::KeptFile file(maker.bytes());
    target_ = std::move(*platform::open_core(file.path()));
  }
  Target& target() override { return *target_; }
  void end() override {}  // nor will it end

 private:
  std::unique_ptr<CoreTarget> target_;
};

struct Kind {
  const char* name;
  std::unique_ptr<Subject> (*make)();
};

class TargetConformance : public ::testing::TestWithParam<Kind> {
 protected:
  TargetConformance() : subject_(GetParam().make()) {}
  Target& target() { return subject_->target(); }

  std::unique_ptr<Subject> subject_;
};

// Ranges of `size` bytes from each of the places, with room to copy them to.
struct Ranges {
  Ranges(const std::vector<RemoteAddr>& places, std::size_t size) : bytes(places.size() * size) {
    for (std::size_t i = 0; i < places.size(); ++i) {
      list.push_back({places[i], std::span(bytes).subspan(i * size, size)});
    }
  }
  std::vector<std::byte> bytes;
  std::vector<ReadRange> list;
};

TEST_P(TargetConformance, ReadsWhatIsThere) {
  Ranges ranges({subject_->known, subject_->behind_hole()}, kPage);
  EXPECT_EQ(*target().read_batch(ranges.list), 2U);
  auto twice = known_bytes();
  const auto again = known_bytes();
  twice.insert(twice.end(), again.begin(), again.end());
  EXPECT_EQ(ranges.bytes, twice);
}

TEST_P(TargetConformance, ABadRangeEndsTheBatch) {
  const RemoteAddr good = subject_->known;
  const std::vector<std::pair<std::vector<RemoteAddr>, std::size_t>> cases = {
      {{subject_->hole()}, 0},
      {{subject_->hole(), good}, 0},
      {{good, good, subject_->hole(), good}, 2},
      {{good, subject_->hole() - 32, good}, 1},  // its first half is there
      {{good, RemoteAddr(0), good}, 1},
      {{good, RemoteAddr(0xffff'ffff'ffff'ff00), good}, 1},
      {{good, RemoteAddr(0xdead'beef'dead'beef), good}, 1},
  };
  for (const auto& [places, complete] : cases) {
    Ranges ranges(places, 64);
    const auto read = target().read_batch(ranges.list);
    ASSERT_TRUE(read.has_value()) << read.error().message();
    EXPECT_EQ(*read, complete);
  }
}

TEST_P(TargetConformance, MoreRangesThanOneCallTakes) {
  std::vector<RemoteAddr> places;
  for (std::size_t i = 0; i < 3000; ++i) places.push_back(subject_->known + i);
  Ranges ranges(places, 1);
  EXPECT_EQ(*target().read_batch(ranges.list), 3000U);
  EXPECT_EQ(ranges.bytes[2999], static_cast<std::byte>(2999 % 251));
  ranges.list[2500].from = subject_->hole();
  EXPECT_EQ(*target().read_batch(ranges.list), 2500U);
  ranges.list[1024].from = subject_->hole();
  EXPECT_EQ(*target().read_batch(ranges.list), 1024U);
}

TEST_P(TargetConformance, EmptyRangesAreComplete) {
  EXPECT_EQ(*target().read_batch({}), 0U);
  Ranges ranges({subject_->hole(), subject_->known}, 0);
  EXPECT_EQ(*target().read_batch(ranges.list), 2U);
}

TEST_P(TargetConformance, TellsAboutItsThreads) {
  const Tid main{to_int(target().identity().pid)};
  EXPECT_THAT(*target().threads(), ::testing::ElementsAre(main));
  EXPECT_TRUE(target().syscall_of(main).has_value());
  EXPECT_TRUE(target().sched_of(main).has_value());
  EXPECT_FALSE(target().comm_of(main)->empty());
  EXPECT_EQ(target().own_number_of(main), to_int(main));
  EXPECT_EQ(target().tid_of_own_number(to_int(main)), main);
  EXPECT_TRUE(target().tells_system_calls());
  target().forget(main);
  target().forget(main);
  EXPECT_TRUE(target().syscall_of(main).has_value());
}

TEST_P(TargetConformance, AThreadThatIsNotThereIsGone) {
  const Tid nobody{0x3fffffff};
  EXPECT_EQ(target().syscall_of(nobody).error().code(), ErrorCode::kGone);
  EXPECT_EQ(target().sched_of(nobody).error().code(), ErrorCode::kGone);
  EXPECT_EQ(target().comm_of(nobody).error().code(), ErrorCode::kGone);
  EXPECT_EQ(target().own_number_of(nobody), 0x3fffffff);
  target().forget(nobody);
}

class TargetThatEnds : public TargetConformance {};

TEST_P(TargetThatEnds, TheEndIsGone) {
  const Tid main{to_int(target().identity().pid)};
  ASSERT_TRUE(target().syscall_of(main).has_value());
  ASSERT_TRUE(target().sched_of(main).has_value());
  EXPECT_EQ(target().liveness(), Liveness::kAlive);
  subject_->end();
  EXPECT_EQ(target().liveness(), Liveness::kEnded);
  Ranges ranges({subject_->known}, 8);
  EXPECT_EQ(target().read_batch(ranges.list).error().code(), ErrorCode::kGone);
  EXPECT_EQ(target().threads().error().code(), ErrorCode::kGone);
  EXPECT_EQ(target().syscall_of(main).error().code(), ErrorCode::kGone);
  EXPECT_EQ(target().sched_of(main).error().code(), ErrorCode::kGone);
  EXPECT_EQ(target().comm_of(main).error().code(), ErrorCode::kGone);
}

const Kind kRunning[] = {
    {"Linux", []() -> std::unique_ptr<Subject> { return std::make_unique<LinuxSubject>(); }},
    {"Fake", []() -> std::unique_ptr<Subject> { return std::make_unique<FakeSubject>(); }},
    {"Capturing", []() -> std::unique_ptr<Subject> { return std::make_unique<CapturingSubject>(); }},
};
const Kind kCore{"Core", []() -> std::unique_ptr<Subject> { return std::make_unique<CoreSubject>(); }};
const auto name_of = [](const auto& kind) { return std::string(kind.param.name); };
INSTANTIATE_TEST_SUITE_P(Every, TargetConformance, ::testing::ValuesIn(kRunning), name_of);
INSTANTIATE_TEST_SUITE_P(Core, TargetConformance, ::testing::Values(kCore), name_of);
INSTANTIATE_TEST_SUITE_P(Every, TargetThatEnds, ::testing::ValuesIn(kRunning), name_of);

}  // namespace
}  // namespace gilspy
