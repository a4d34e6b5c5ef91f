// Facts about single threads, from live ones.
#include "platform/linux/thread_files.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <atomic>
#include <condition_variable>
#include <thread>

#include "child_process.h"

namespace gilspy::platform {
namespace {

using State = SyscallFacts::State;
using test::eventually;

Tid own_tid() { return Tid{static_cast<std::int32_t>(::syscall(SYS_gettid))}; }

ThreadFiles own_threads(std::size_t keep) { return ThreadFiles(Folder(::opendir("/proc/self/task")), keep); }

std::size_t open_descriptors() { return numeric_entries(Folder(::opendir("/proc/self/fd")).get()).size(); }

// A thread of the test that does `work` until stop() and says who it is.
class Worker {
 public:
  explicit Worker(std::function<void(const std::atomic<bool>&)> work)
      : thread_([this, work = std::move(work)] {
          tid_ = own_tid();
          known_.store(true);
          work(stop_);
        }) {
    while (!known_.load()) std::this_thread::yield();
  }
  ~Worker() { stop(); }
  Tid tid() const { return tid_; }
  void stop() {
    stop_.store(true);
    if (thread_.joinable()) thread_.join();
  }

 private:
  std::atomic<bool> stop_{false};
  std::atomic<bool> known_{false};
  Tid tid_{};
  std::thread thread_;
};

void nap(const std::atomic<bool>& stop) {
  while (!stop.load()) std::this_thread::sleep_for(std::chrono::milliseconds(100));
}

void spin(const std::atomic<bool>& stop) {
  while (!stop.load()) {
  }
}

TEST(ThreadFiles, ListsThreadsThatComeAndGo) {
  ThreadFiles files = own_threads(100);
  EXPECT_THAT(*files.threads(), ::testing::ElementsAre(own_tid()));
  {
    Worker worker(nap);
    EXPECT_THAT(*files.threads(), ::testing::UnorderedElementsAre(own_tid(), worker.tid()));
  }
  EXPECT_TRUE(eventually([&] { return files.threads()->size() == 1; }));
}

TEST(ThreadFiles, ASleeperIsInItsSystemCall) {
  Worker worker(nap);
  ThreadFiles files = own_threads(100);
  EXPECT_TRUE(eventually([&] {
    const auto facts = files.syscall_of(worker.tid());
    return facts.has_value() && facts->state == State::kInSyscall && facts->number == SYS_clock_nanosleep;
  }));
}

TEST(ThreadFiles, AWaiterNamesItsFutex) {
  std::mutex mutex;
  std::condition_variable condition;
  bool go = false;
  Worker worker([&](const std::atomic<bool>&) {
    std::unique_lock lock(mutex);
    condition.wait(lock, [&] { return go; });
  });
  ThreadFiles files = own_threads(100);
  const RemoteAddr place(reinterpret_cast<std::uint64_t>(&condition));
  EXPECT_TRUE(eventually([&] {
    const auto facts = files.syscall_of(worker.tid());
    return facts.has_value() && facts->number == SYS_futex &&
           RemoteAddr(facts->first_argument).in(place, sizeof(condition));
  }));
  {
    const std::lock_guard lock(mutex);
    go = true;
  }
  condition.notify_all();
}

TEST(ThreadFiles, ASpinnerRunsAndItsClockMoves) {
  Worker worker(spin);
  ThreadFiles files = own_threads(100);
  EXPECT_TRUE(eventually([&] { return files.syscall_of(worker.tid())->state == State::kRunning; }));
  const auto before = files.sched_of(worker.tid());
  ASSERT_TRUE(before.has_value());
  EXPECT_TRUE(eventually([&] { return files.sched_of(worker.tid())->on_cpu > before->on_cpu; }));
}

TEST(ThreadFiles, AnEndedThreadIsGoneAlsoThroughKeptFiles) {
  Worker worker(nap);
  ThreadFiles files = own_threads(100);
  ASSERT_TRUE(files.syscall_of(worker.tid()).has_value());
  ASSERT_TRUE(files.sched_of(worker.tid()).has_value());
  worker.stop();
  const auto gone = [](const auto& result) { return !result.has_value() && result.error().code() == ErrorCode::kGone; };
  EXPECT_TRUE(eventually([&] { return gone(files.syscall_of(worker.tid())); }));
  EXPECT_TRUE(gone(files.sched_of(worker.tid())));
  EXPECT_TRUE(gone(files.text_of(worker.tid(), "comm")));
}

TEST(ThreadFiles, KeepsTwoDescriptorsAThreadUntilItIsForgotten) {
  Worker worker(nap);
  ThreadFiles files = own_threads(100);
  const std::size_t before = open_descriptors();
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(files.syscall_of(worker.tid()).has_value());
    EXPECT_TRUE(files.sched_of(worker.tid()).has_value());
  }
  EXPECT_EQ(open_descriptors(), before + 2);
  files.forget(worker.tid());
  EXPECT_EQ(open_descriptors(), before);
}

TEST(ThreadFiles, WorksWithoutKeepingAnything) {
  Worker worker(nap);
  for (const std::size_t keep : {0U, 1U}) {
    ThreadFiles files = own_threads(keep);
    const std::size_t before = open_descriptors();
    for (int i = 0; i < 3; ++i) {
      EXPECT_TRUE(files.syscall_of(worker.tid()).has_value());
      EXPECT_TRUE(files.sched_of(worker.tid()).has_value());
      EXPECT_TRUE(files.sched_of(own_tid()).has_value());
    }
    EXPECT_EQ(open_descriptors(), before + keep);
    // What is given back can be kept for another thread.
    files.forget(worker.tid());
    EXPECT_TRUE(files.sched_of(own_tid()).has_value());
    EXPECT_EQ(open_descriptors(), before + keep);
  }
}

// As in a sandbox, whose /proc is not the kernel's.
TEST(ThreadFiles, SystemCallsThatAreNotTold) {
  const std::string folder = "/tmp/gilspy-tasks-" + std::to_string(::getpid());
  ASSERT_EQ(::mkdir(folder.c_str(), 0700), 0);
  ASSERT_EQ(::mkdir((folder + "/5").c_str(), 0700), 0);
  {
    ThreadFiles files(Folder(::opendir(folder.c_str())), 100);
    const auto facts = files.syscall_of(Tid{5});
    ASSERT_TRUE(facts.has_value());
    EXPECT_EQ(facts->state, State::kUnreadable);
    EXPECT_EQ(files.syscall_of(Tid{6}).error().code(), ErrorCode::kGone);
  }
  ::rmdir((folder + "/5").c_str());
  ::rmdir(folder.c_str());
}

TEST(ThreadFiles, AFileThatTheKernelDoesNotHaveIsNoEndOfAThread) {
  ThreadFiles files = own_threads(0);
  EXPECT_EQ(files.text_of(own_tid(), "no-such-file").error().code(), ErrorCode::kSystem);
  EXPECT_EQ(files.text_of(Tid{0x3fffffff}, "comm").error().code(), ErrorCode::kGone);
}

}  // namespace
}  // namespace gilspy::platform
