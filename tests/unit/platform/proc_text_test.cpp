#include "platform/linux/proc_text.h"

#include <gmock/gmock.h>

namespace gilspy::platform {
namespace {

using ::testing::ElementsAre;
using State = SyscallFacts::State;

struct SyscallCase {
  const char* text;
  std::optional<State> state;
  std::int64_t number = -1;
  std::uint64_t argument = 0;
  std::uint64_t stack_pointer = 0, instruction = 0;
};

TEST(ProcText, Syscall) {
  const SyscallCase cases[] = {
      {"running\n", State::kRunning},
      {"202 0x7f1c00aa 0x89 0x0 0x0 0x0 0xffffffff 0x7f1c0bb 0x7f1c0cc\n", State::kInSyscall, 202, 0x7f1c00aa,
       0x7f1c0bb, 0x7f1c0cc},
      {"0 0x0 0x7f 0x2000 0x0 0x0 0x0 0x1 0x2\n", State::kInSyscall, 0, 0, 1, 2},
      {"0 0x3 0x7f 0x2000 0x0 0x0 0x0 0xffffffffffffffff 0x7f1c0cc", State::kInSyscall, 0, 3, ~std::uint64_t{0},
       0x7f1c0cc},
      {"0 0x3\n", State::kInSyscall, 0, 3},  // where that is, is not told
      {"0 0x3 0x7f 0x2000 0x0 0x0 0x0 0x7ffc1\n", State::kInSyscall, 0, 3, 0x7ffc1},
      {"0 0x3 0x7f 0x2000 0x0 0x0 0x0 7ffc1 nonsense\n", State::kInSyscall, 0, 3},
      {"-1 0x7ffc1 0x7f2\n", State::kElsewhere, -1, 0, 0x7ffc1, 0x7f2},
      {"-1 0x7ffc1 0x0\n", State::kElsewhere, -1, 0, 0x7ffc1},
      {"-1\n", State::kElsewhere},
      {"-1 0x0 0x0\n", std::nullopt},  // a thread without a stack
      {"", std::nullopt},
      {"\n", std::nullopt},
      {"nonsense\n", State::kUnreadable},
      {"202\n", State::kUnreadable},
      {"202 7f\n", State::kUnreadable},
      {"99999999999999999999 0x1\n", State::kUnreadable},
  };
  for (const SyscallCase& c : cases) {
    SCOPED_TRACE(c.text);
    const auto facts = parse_syscall(c.text);
    ASSERT_EQ(facts.has_value(), c.state.has_value());
    if (!facts) continue;
    EXPECT_EQ(facts->state, *c.state);
    EXPECT_EQ(facts->number, c.number);
    EXPECT_EQ(facts->first_argument, c.argument);
    EXPECT_EQ(facts->stack_pointer, RemoteAddr(c.stack_pointer));
    EXPECT_EQ(facts->instruction, RemoteAddr(c.instruction));
  }
}

TEST(ProcText, AFutexHasATimeout) {
  EXPECT_FALSE(parse_syscall("202 0x7f1c00aa 0x189 0x0 0x0 0x0 0xffffffff 0x7f1c0bb 0x7f1c0cc\n")->timed);
  EXPECT_TRUE(parse_syscall("202 0x7f1c00aa 0x189 0x0 0x7ffc0000 0x0 0xffffffff 0x7f1c0bb 0x7f1c0cc\n")->timed);
  EXPECT_FALSE(parse_syscall("202 0x7f1c00aa 0x189\n")->timed);
  EXPECT_EQ(parse_syscall("270 0x0 0x0 0x0 0x0 0x7ffc0000 0x0 0x7f1c0bb 0x7f1c0cc\n")->blocked_in, BlockedIn::kSleep);
  EXPECT_EQ(parse_syscall("270 0x5 0x7f1c00 0x0 0x0 0x7ffc0000 0x0 0x7f1c0bb 0x7f1c0cc\n")->blocked_in,
            BlockedIn::kPoll);
  EXPECT_FALSE(parse_syscall("0 0x7f1c00aa 0x189 0x0 0x7ffc0000 0x0 0xffffffff 0x7f1c0bb 0x7f1c0cc\n")->timed);
}

TEST(ProcText, Schedstat) {
  const auto facts = parse_schedstat("123456789 42 7\n");
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->on_cpu, Nanos(123456789));
  EXPECT_EQ(facts->run_queue, Nanos(42));
  EXPECT_FALSE(parse_schedstat(""));
  EXPECT_FALSE(parse_schedstat("12\n"));
  EXPECT_FALSE(parse_schedstat("a b c\n"));
}

TEST(ProcText, Maps) {
  const auto maps = parse_maps(
      "00400000-00401000 r--p 00001000 08:01 131                        /usr/bin/a b\n"
      "7f0000000000-7f0000002000 rw-p 00000000 00:00 0 \n"
      "7f0000002000-7f0000003000 r-xp 00000000 08:01 9 /tmp/x\\012y.so (deleted)\n"
      "7ffc0000-7ffd0000 rw-p 00000000 00:00 0   [stack]\n"
      "garbage\n"
      "10-8 r--p 0 0 0\n"
      "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]");
  ASSERT_EQ(maps.size(), 5U);
  EXPECT_EQ(maps[0].begin, RemoteAddr(0x400000));
  EXPECT_EQ(maps[0].end, RemoteAddr(0x401000));
  EXPECT_EQ(maps[0].file_offset, 0x1000U);
  EXPECT_TRUE(maps[0].readable);
  EXPECT_FALSE(maps[0].writable);
  EXPECT_EQ(maps[0].path, "/usr/bin/a b");
  EXPECT_EQ(maps[0].device, 0x801U);
  EXPECT_NE(maps[0].inode, 0U);
  EXPECT_EQ(maps[1].inode, 0U);
  EXPECT_EQ(maps[1].path, "");
  EXPECT_TRUE(maps[1].writable);
  EXPECT_EQ(maps[2].path, "/tmp/x\ny.so (deleted)");
  EXPECT_TRUE(maps[2].executable);
  EXPECT_EQ(maps[3].path, "[stack]");
  EXPECT_FALSE(maps[4].readable);
}

TEST(ProcText, StatSurvivesAnyName) {
  std::string tail =
      " S 77 1 1 0 -1 4194304 100 0 0 0 1 2 0 0 20 0 1 0 102822 3133440 417 18446744073709551615 4096 8192 "
      "140735171435952 "
      "0 0";
  const auto stat = parse_stat("6261 (a) R (b))" + tail);
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->name, "a) R (b)");
  EXPECT_EQ(stat->state, 'S');
  EXPECT_EQ(stat->parent, 77);
  EXPECT_EQ(stat->start_time, 102822U);
  EXPECT_EQ(stat->start_code, 4096U);
  EXPECT_EQ(stat->start_stack, 140735171435952U);
  EXPECT_FALSE(stat->ended());
  EXPECT_FALSE(stat->exiting);
  EXPECT_FALSE(parse_stat(""));
  EXPECT_FALSE(parse_stat("1 (x) S 2 3"));
  EXPECT_FALSE(parse_stat(")("));
  tail.replace(tail.find("4194304"), 7, "4194308");
  const auto leaving = parse_stat("6261 (x)" + tail);
  ASSERT_TRUE(leaving);
  EXPECT_TRUE(leaving->exiting);
}

TEST(ProcText, StatusValue) {
  const char* status = "Name:\tpython3\nTgid:\t12\nNSpid:\t12\t3\nUid:\t1000\t1001\t1000\t1000\n";
  EXPECT_EQ(status_value(status, "Name"), "python3");
  EXPECT_EQ(status_value(status, "gid"), "");
  EXPECT_THAT(parse_numbers(status_value(status, "NSpid")), ElementsAre(12, 3));
  EXPECT_TRUE(is_number_inside(status, Pid{3}));
  EXPECT_FALSE(is_number_inside(status, Pid{12}));  // that is what it is called here
  EXPECT_FALSE(is_number_inside("NSpid:\t12\n", Pid{12}));
  EXPECT_FALSE(is_number_inside("", Pid{3}));
  EXPECT_THAT(parse_numbers(status_value(status, "Uid")), ElementsAre(1000, 1001, 1000, 1000));
}

TEST(ProcText, Environment) {
  using std::string_view_literals::operator""sv;
  const std::string_view text = "HOME=/root\0PYTHON_GIL_X=2\0PYTHON_GIL=1\0EMPTY=\0"sv;
  EXPECT_EQ(environment_value(text, "PYTHON_GIL"), "1");
  EXPECT_EQ(environment_value(text, "EMPTY"), "");
  EXPECT_EQ(environment_value(text, "GIL"), std::nullopt);
  EXPECT_EQ(environment_value("", "HOME"), std::nullopt);
}

TEST(ProcText, Command) {
  using namespace std::string_view_literals;
  EXPECT_THAT(parse_command("python3\0app.py\0\0--x\0"sv), ElementsAre("python3", "app.py", "", "--x"));
  EXPECT_THAT(parse_command("title set by the program\0\0\0\0"sv), ElementsAre("title set by the program"));
  EXPECT_THAT(parse_command(""), ElementsAre());
}

TEST(ProcText, DeletedMark) {
  EXPECT_TRUE(is_deleted("/a/b (deleted)"));
  EXPECT_FALSE(is_deleted("/a/b"));
  EXPECT_EQ(without_deleted_mark("/a/b (deleted)"), "/a/b");
  EXPECT_EQ(without_deleted_mark("/a/b"), "/a/b");
}

}  // namespace
}  // namespace gilspy::platform
