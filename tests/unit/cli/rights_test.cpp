// What is decided about rights, and said, as far as no process is needed for it.
#include "src/cli/rights.h"

#include <gmock/gmock.h>

namespace gilspy::cli {
namespace {

using platform::Capability;
using platform::CapabilitySet;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

platform::RightsLeft left_with(CapabilitySet kept, CapabilitySet given_up) {
  platform::RightsLeft left;
  left.kept = kept;
  left.given_up = given_up;
  left.no_new_privileges = left.filtered = true;
  return left;
}

TEST(RightsLines, OfAUser) {
  EXPECT_THAT(rights_lines({}, left_with({}, {})),
              ElementsAre("rights kept: none", "rights given up: none; none can be had from now on (no_new_privs)",
                          "refused from now on (seccomp): starting programs, network, io_uring, mounts and namespaces, "
                          "writing into processes, stopping threads (ptrace)"));
}

TEST(RightsLines, SayWhyOfWhatIsHeld) {
  RightsDecision decision;
  decision.reasons = {{Capability::kSysPtrace, "process 12 belongs to another user"}, {Capability::kChown, "no"}};
  const auto lines = rights_lines(decision, left_with({Capability::kSysPtrace}, {Capability::kKill}));
  EXPECT_EQ(lines[0], "rights kept: CAP_SYS_PTRACE (process 12 belongs to another user)");
  EXPECT_THAT(lines[1], HasSubstr("given up: 1 capability;"));
}

TEST(RightsLines, AsManyAsTheProcessHas) {
  RightsDecision decision;
  decision.as_many = "the process";
  const auto lines = rights_lines(decision, left_with({Capability::kKill, Capability::kChown}, {}));
  EXPECT_THAT(lines[0], StartsWith("rights kept: all that the process has, 2 in number (without CAP_SYS_PTRACE, "));
}

TEST(RightsLines, WhatIsStillAllowed) {
  RightsDecision decision;
  decision.keep.stops_threads = decision.keep.starts_programs = true;
  const auto lines = rights_lines(decision, left_with({}, {Capability::kKill, Capability::kChown}));
  ASSERT_EQ(lines.size(), 5U);
  EXPECT_THAT(lines[1], HasSubstr("2 capabilities"));
  EXPECT_THAT(lines[2], Not(HasSubstr("programs")));
  EXPECT_THAT(lines[2], Not(HasSubstr("ptrace")));
  EXPECT_THAT(lines[3], HasSubstr("stopping threads"));
  EXPECT_THAT(lines[4], HasSubstr("debuginfod-find"));
}

TEST(RightsLines, WithoutSeccomp) {
  platform::RightsLeft left = left_with({}, {});
  left.filtered = false;
  EXPECT_THAT(rights_lines({}, left).back(), HasSubstr("no seccomp"));
}

TEST(RightsFor, StopsAndServers) {
  ::setenv("DEBUGINFOD_URLS", "http://127.0.0.1:1", 1);
  WorkAhead work;
  EXPECT_FALSE(rights_for(work).keep.stops_threads);
  work.stopping = Stopping::kToComplete;
  EXPECT_TRUE(rights_for(work).keep.stops_threads);
  EXPECT_FALSE(rights_for(work).keep.starts_programs);
  work.native = NativeFrames::kShort;
  EXPECT_TRUE(rights_for(work).keep.starts_programs);
  ::unsetenv("DEBUGINFOD_URLS");
  EXPECT_FALSE(rights_for(work).keep.starts_programs);
}

TEST(RightsFor, OnlyWhatIsHeld) {
  const CapabilitySet held = platform::held_capabilities();
  WorkAhead work;
  work.meets_others = work.has_child = true;
  const CapabilitySet kept = rights_for(work).keep.capabilities;
  EXPECT_TRUE(held.contains(kept));
  EXPECT_EQ(kept.has(Capability::kKill), held.has(Capability::kKill));
  work.has_child = false;
  EXPECT_FALSE(rights_for(work).keep.capabilities.has(Capability::kKill));
}

}  // namespace
}  // namespace gilspy::cli
