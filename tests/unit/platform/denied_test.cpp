#include "platform/linux/denied.h"

#include <gmock/gmock.h>

namespace gilspy::platform {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

DeniedFacts facts() {
  DeniedFacts facts;
  facts.pid = Pid{42};
  facts.name = "python3";
  facts.own_uid = 1000;
  facts.target_uid = 1000;
  facts.own_command = "/usr/bin/gilspy record --pid 42";
  return facts;
}

TEST(Denied, OwnProcessUnderYama) {
  DeniedFacts own = facts();
  own.ptrace_scope = 1;
  const std::string text = denied_text(own);
  EXPECT_THAT(text, StartsWith("not permitted to read process 42 (python3): "));
  EXPECT_THAT(text, HasSubstr("`sudo /usr/bin/gilspy record --pid 42`"));
  EXPECT_THAT(text, HasSubstr("`sudo sysctl kernel.yama.ptrace_scope=0`"));
  EXPECT_THAT(text, HasSubstr("`gilspy record -- COMMAND`"));
  EXPECT_THAT(text, Not(HasSubstr("\n")));
}

TEST(Denied, StricterYama) {
  DeniedFacts strict = facts();
  strict.ptrace_scope = 2;
  EXPECT_THAT(denied_text(strict), HasSubstr("sudo /usr/bin/gilspy"));
  EXPECT_THAT(denied_text(strict), Not(HasSubstr("sysctl kernel")));
  strict.ptrace_scope = 3;
  EXPECT_THAT(denied_text(strict), HasSubstr("restart the machine"));
}

TEST(Denied, OtherUser) {
  DeniedFacts other = facts();
  other.target_uid = 0;
  other.ptrace_scope = 1;
  EXPECT_THAT(denied_text(other), HasSubstr("another user (uid 0): run `sudo "));
  EXPECT_THAT(denied_text(other), Not(HasSubstr("sysctl")));
}

TEST(Denied, ProtectedProcessOfTheSameUser) { EXPECT_THAT(denied_text(facts()), HasSubstr("run `sudo ")); }

TEST(Denied, InAContainer) {
  DeniedFacts inside = facts();
  inside.in_container = true;
  inside.target_uid = 0;
  EXPECT_THAT(denied_text(inside), HasSubstr("`docker exec -u 0 ...`"));  // root in it would be allowed
  inside.root_may_ptrace = false;
  EXPECT_THAT(denied_text(inside), HasSubstr("docker run --cap-add SYS_PTRACE"));
  EXPECT_THAT(denied_text(inside), HasSubstr("securityContext.capabilities.add: [\"SYS_PTRACE\"]"));
  EXPECT_THAT(denied_text(inside), HasSubstr("as root in it"));
  inside.own_uid = 0;
  EXPECT_THAT(denied_text(inside), Not(HasSubstr("as root in it")));
  EXPECT_THAT(denied_text(inside), Not(HasSubstr("sudo")));
}

TEST(Denied, RootWithoutTheCapability) {
  DeniedFacts root = facts();
  root.own_uid = 0;
  EXPECT_THAT(denied_text(root), HasSubstr("CAP_SYS_PTRACE"));
  EXPECT_THAT(denied_text(root), HasSubstr("--cap-add SYS_PTRACE"));
}

TEST(Denied, APolicyAboveTheCapability) {
  DeniedFacts root = facts();
  root.own_uid = 0;
  root.may_ptrace = true;
  EXPECT_THAT(denied_text(root), HasSubstr("seccomp"));
}

TEST(Denied, ShellLine) {
  EXPECT_EQ(shell_line({"gilspy", "record", "-o", "my file.svg"}), "gilspy record -o 'my file.svg'");
  EXPECT_EQ(shell_line({"a", "", "it's"}), "a '' 'it'\\''s'");
}

}  // namespace
}  // namespace gilspy::platform
