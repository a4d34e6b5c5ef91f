#include "gilspy/offspring.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "child_process.h"

namespace gilspy::platform {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::Not;

// Does not outlive its parent, which may have ended by now.
void die_with(pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(0);
}

// Forks one that forks one, tells both numbers, and waits.
void be_a_family(int tell) {
  const pid_t root = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) {
    die_with(root);
    const pid_t parent = ::getpid();
    const pid_t grandchild = ::fork();
    if (grandchild == 0) {
      die_with(parent);
      ::pause();
      ::_exit(0);
    }
    test::tell(tell, std::to_string(::getpid()) + " " + std::to_string(grandchild) + "\n");
    ::pause();
    ::_exit(0);
  }
  ::pause();
}

struct Family {
  explicit Family(const test::ChildProcess& root) {
    const std::string line = root.hear_line();
    child = Pid{std::stoi(line)};
    grandchild = Pid{std::stoi(line.substr(line.find(' ')))};
  }
  Pid child{}, grandchild{};
};

TEST(Offspring, WhoIsThereIsMetAtOnceParentsFirst) {
  const test::ChildProcess root(be_a_family);
  const Family family(root);
  const auto offspring = offspring_of(root.pid());
  const std::vector<Pid> found = offspring->look();
  EXPECT_EQ(found, (std::vector{family.child, family.grandchild}));
  EXPECT_FALSE(offspring->root_ended());
}

TEST(Offspring, WhoComesIsMetOnce) {
  const auto offspring = offspring_of(Pid{::getpid()});
  static_cast<void>(offspring->look());
  const test::ChildProcess root(be_a_family);
  const Family family(root);
  std::vector<Pid> found;
  EXPECT_TRUE(test::eventually([&] {
    for (const Pid pid : offspring->look()) found.push_back(pid);
    return std::ranges::count(found, family.grandchild) > 0;
  }));
  EXPECT_THAT(found, Contains(root.pid()).Times(1));
  EXPECT_THAT(found, Contains(family.child).Times(1));
  EXPECT_THAT(found, Not(Contains(Pid{::getpid()})));
}

// Whose parent has ended is somebody else's child by then, and still one of the family.
TEST(Offspring, OrphansThatWereMetStayInTheFamily) {
  const test::ChildProcess root([](int tell) {
    const pid_t child = ::fork();
    if (child == 0) {
      const pid_t grandchild = ::fork();
      if (grandchild == 0) {
        ::alarm(30);  // whatever becomes of the test
        std::string line;
        for (char c = 0; c != '\n' && ::read(STDIN_FILENO, &c, 1) == 1;) line += c;
        const pid_t grandparent = ::getpid();
        const pid_t late = ::fork();
        if (late == 0) {
          die_with(grandparent);
          ::pause();
        }
        test::tell(tell, std::to_string(late) + "\n");
        ::pause();
      }
      test::tell(tell, std::to_string(grandchild) + "\n");
      ::usleep(200'000);
      ::_exit(0);
    }
    ::pause();
  });
  const Pid grandchild{std::stoi(root.hear_line())};
  const auto offspring = offspring_of(root.pid());
  EXPECT_THAT(offspring->look(), Contains(grandchild));
  ::usleep(300'000);
  root.say("\n");
  const Pid late{std::stoi(root.hear_line())};
  EXPECT_TRUE(test::eventually([&] { return std::ranges::count(offspring->look(), late) > 0; }));
  ::kill(to_int(late), SIGKILL);
  ::kill(to_int(grandchild), SIGKILL);
}

TEST(Offspring, TheEndOfTheRootIsSeenBeforeItIsReaped) {
  const test::ChildProcess root([](int) { ::usleep(100'000); });
  const auto offspring = offspring_of(root.pid());
  EXPECT_FALSE(offspring->root_ended());
  EXPECT_TRUE(test::eventually([&] { return offspring->root_ended(); }));
  EXPECT_THAT(offspring->look(), IsEmpty());
}

TEST(Offspring, ARootThatIsNotThereHasEnded) { EXPECT_TRUE(offspring_of(Pid{0x7ffffff0})->root_ended()); }

}  // namespace
}  // namespace gilspy::platform
