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

TEST(Denied, Hidden) {
  DeniedFacts hidden = facts();
  hidden.name = "";
  hidden.target_uid.reset();
  hidden.hidden = true;
  EXPECT_THAT(denied_text(hidden), StartsWith("not permitted to read process 42: /proc is mounted with hidepid"));
  EXPECT_THAT(denied_text(hidden), HasSubstr("run `sudo /usr/bin/gilspy record --pid 42`"));
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
  EXPECT_THAT(denied_text(other), HasSubstr("another user (uid 0). That takes CAP_SYS_PTRACE"));
  EXPECT_THAT(denied_text(other), HasSubstr("run `sudo /usr/bin/gilspy"));
  EXPECT_THAT(denied_text(other), Not(HasSubstr("sysctl")));
}

TEST(Denied, ProtectedProcessOfTheSameUser) { EXPECT_THAT(denied_text(facts()), HasSubstr("run `sudo ")); }

TEST(Denied, ATargetThatIsAheadOfItsUser) {
  DeniedFacts ahead = facts();
  ahead.not_dumpable = true;
  EXPECT_THAT(denied_text(ahead), HasSubstr("PR_SET_DUMPABLE"));
  ahead.more_capabilities = 1U << 13;
  EXPECT_THAT(denied_text(ahead), HasSubstr("rights that gilspy has not (CAP_NET_RAW)"));
  ahead.more_capabilities |= std::uint64_t{3} << 40;
  EXPECT_THAT(denied_text(ahead), HasSubstr("(CAP_NET_RAW and 2 more)"));
  ahead.other_namespace = true;
  EXPECT_THAT(denied_text(ahead), HasSubstr("another user namespace"));
  ahead.target_uid = 0;
  EXPECT_THAT(denied_text(ahead), HasSubstr("another user (uid 0)"));
  ahead.target_switched_user = true;
  ahead.ptrace_scope = 1;
  EXPECT_THAT(denied_text(ahead), HasSubstr("setuid or setgid"));
  EXPECT_THAT(denied_text(ahead), HasSubstr("takes CAP_SYS_PTRACE, which gilspy has not: run `sudo /usr/bin/gilspy"));
  EXPECT_THAT(denied_text(ahead), Not(HasSubstr("sysctl")));  // it would not help
}

TEST(Denied, CapabilitiesOfLaterKernels) {
  DeniedFacts ahead = facts();
  ahead.more_capabilities = std::uint64_t{1} << 63;
  EXPECT_THAT(denied_text(ahead), HasSubstr("(capability 63)"));
}

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
  EXPECT_THAT(denied_text(root), HasSubstr("a seccomp filter, SELinux or AppArmor forbids"));
  root.own_filter = true;
  EXPECT_THAT(denied_text(root), HasSubstr("a seccomp filter lies on gilspy"));
  root.own_namespace = true;
  EXPECT_THAT(denied_text(root), HasSubstr("a seccomp filter lies on gilspy"));  // the target is in it, too
  root.other_namespace = true;
  EXPECT_THAT(denied_text(root), HasSubstr("inside of the user namespace"));
  EXPECT_THAT(denied_text(root), HasSubstr("on the host"));
}

TEST(Denied, AFilterOnAUser) {
  DeniedFacts user = facts();
  user.own_filter = true;
  EXPECT_THAT(denied_text(user), HasSubstr("a seccomp filter lies on gilspy"));
}

TEST(Denied, ShellLine) {
  EXPECT_EQ(shell_line({"gilspy", "record", "-o", "my file.svg"}), "gilspy record -o 'my file.svg'");
  EXPECT_EQ(shell_line({"a", "", "it's"}), "a '' 'it'\\''s'");
}

}  // namespace
}  // namespace gilspy::platform
