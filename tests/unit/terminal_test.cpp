#include "formats/terminal/terminal.h"

#include <gmock/gmock.h>

#include <sstream>

#include "formats/terminal/text.h"
#include "sample_profile.h"

namespace gilspy::terminal {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string shown(const Profile& profile, const TerminalOptions& options) {
  return summary(profile, verdict::judge(profile), options);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string line_with(const std::string& text, const std::string& part) {
  for (const std::string& line : lines_of(text)) {
    if (line.find(part) != line.npos) return line;
  }
  return {};
}

Profile many_threads(int count) {
  ProfileBuilder builder(2);
  for (int i = 0; i < count; ++i) {
    const ThreadIndex thread = builder.thread("t" + std::to_string(i));
    builder.spend(thread, Activity::kHoldsGil, 0.2).spend(thread, Activity::kBlocked, 1.8);
  }
  return std::move(builder.cpu(1).profile());
}

TEST(Terminal, StartsWithTheHeadline) {
  EXPECT_THAT(shown(serialized_profile(), {.width = 200, .colour = false, .output_path = ""}),
              StartsWith("8 threads did the work of 1.02 on 2 CPUs: the GIL was held 99 % of the time, 6.9 threads "
                         "waited for it on average.\n"));
}

TEST(Terminal, NoLineIsWiderThanTheTerminal) {
  for (const Profile& profile :
       {serialized_profile(), mixed_profile(), interpreters_profile(), many_threads(100), Profile{}}) {
    for (int width = 40; width <= 200; ++width) {
      for (const std::string& line : lines_of(shown(profile, {.width = width, .colour = false, .output_path = ""}))) {
        ASSERT_LE(columns(line), static_cast<std::size_t>(width)) << line;
      }
    }
  }
}

TEST(Terminal, OddWidthsAreTamed) {
  const Profile profile = serialized_profile();
  EXPECT_EQ(shown(profile, {.width = 0, .colour = false, .output_path = ""}),
            shown(profile, {.width = 40, .colour = false, .output_path = ""}));
  EXPECT_EQ(shown(profile, {.width = 5000, .colour = false, .output_path = ""}),
            shown(profile, {.width = 200, .colour = false, .output_path = ""}));
}

TEST(Terminal, AThreadIsARowOfSharesOfItsOwnTime) {
  const std::string text = shown(serialized_profile(), {.width = 100, .colour = false, .output_path = ""});
  EXPECT_THAT(line_with(text, "worker-1"),
              AllOf(HasSubstr("21034"), HasSubstr("12.4%"), HasSubstr("86.2%"), HasSubstr("1.4%"), HasSubstr("█▒")));
  EXPECT_THAT(line_with(text, "MainThread"), HasSubstr("100.0%"));
  EXPECT_GT(text.find("MainThread"), text.find("worker-8"));  // it neither held nor waited
}

TEST(Terminal, OfSeveralInterpretersARowSaysWhichAndWhoseGil) {
  const std::string text = shown(interpreters_profile(), {.width = 110, .colour = false, .output_path = ""});
  const std::size_t shared = text.find("\n  interpreters 0 and 1 share a GIL: held 95 %, 1.1 threads waiting\n");
  const std::size_t own = text.find("\n  interpreter 2, own GIL: held 99 %\n");
  ASSERT_LT(shared, own);
  EXPECT_THAT(line_with(text, "thread "), HasSubstr("interp."));
  EXPECT_THAT(line_with(text, "second"), ::testing::ContainsRegex("second +21034 +1 +50.0% +50.0%"));
  EXPECT_LT(text.find("second"), own);
  EXPECT_GT(text.find("third"), own);
  EXPECT_THAT(text, HasSubstr("A thread has a row for each interpreter that it visits"));
}

TEST(Terminal, OfOneInterpreterNobodyIsToldWhich) {
  const std::string text = shown(serialized_profile(), {.width = 110, .colour = false, .output_path = ""});
  EXPECT_THAT(text, Not(HasSubstr("interp.")));
  EXPECT_THAT(text, Not(HasSubstr("a row for each interpreter")));
}

TEST(Terminal, BarsHaveOneLength) {
  for (const std::string& line :
       lines_of(shown(serialized_profile(), {.width = 100, .colour = false, .output_path = ""}))) {
    if (line.find("worker-") == line.npos) continue;
    EXPECT_EQ(columns(line), 93u);
  }
}

TEST(Terminal, RareActivitiesGetAColumnWhenTheyOccur) {
  const TerminalOptions options{.width = 120, .colour = false, .output_path = ""};
  EXPECT_THAT(line_with(shown(mixed_profile(), options), "holds "), AllOf(HasSubstr("    lock"), HasSubstr("unknown")));
  EXPECT_THAT(line_with(shown(serialized_profile(), options), "holds "), Not(HasSubstr("    lock")));
}

TEST(Terminal, ManyThreadsShareARow) {
  const TerminalOptions options{.width = 80, .colour = false, .output_path = ""};
  EXPECT_THAT(shown(many_threads(100), options), HasSubstr("and 88 more"));
  EXPECT_THAT(shown(many_threads(12), options), AllOf(HasSubstr("  t11 "), Not(HasSubstr("  and "))));
}

TEST(Terminal, SaysWhoMakesOthersWaitAndWhatWouldHelp) {
  const std::string text =
      shown(serialized_profile(), {.width = 120, .colour = false, .output_path = "gilspy-21033.svg"});
  EXPECT_THAT(text, HasSubstr("Who makes others wait:\n"
                              "    70 %  is_prime (primes.py:4)\n"
                              "    29 %  count (primes.py:14)\n"));
  EXPECT_THAT(text, HasSubstr("Without the GIL: at most 1.96x on these 2 CPUs.\n"));
  EXPECT_THAT(text, HasSubstr("Next, a choice of:\n  - Processes"));
  EXPECT_THAT(
      text,
      HasSubstr("1,995 of 2,000 ticks in 2.00 s, 5 late; stacks: 14 read again, 6 truncated, 0 discarded; 0 % of the "
                "time unknown; gilspy\nused 1.1 % of one CPU.\n->  gilspy-21033.svg\n"));
}

TEST(Terminal, LongNamesOfCulpritsStayInTheirColumn) {
  Profile profile = serialized_profile();
  Verdict verdict = verdict::judge(profile);
  verdict.culprits = {
      {"JSONEncoder.iterencode (json/encoder.py:200)", 0.7, "Renderer.<locals>.render (app/render.py:12)"}};
  EXPECT_THAT(summary(profile, verdict, {.width = 60, .colour = false, .output_path = ""}),
              HasSubstr("    70 %  JSONEncoder.iterencode (json/encoder.py:200),\n"
                        "          called by\n"
                        "          Renderer.<locals>.render (app/render.py:12)\n"));
}

TEST(Terminal, AccusesNobodyWhereHardlyAnybodyWaits) {
  ProfileBuilder builder(2);
  const ThreadIndex a = builder.thread("a"), b = builder.thread("b");
  builder.spend(a, Activity::kHoldsGil, 0.3).spend(b, Activity::kHoldsGil, 0.3).spend(b, Activity::kWaitsForGil, 0.01);
  builder.blame(a, kNoStack, kNoStack, 0.01).cpu(0.6);
  const std::string text = shown(builder.profile(), {.width = 80, .colour = false, .output_path = ""});
  EXPECT_THAT(text, Not(HasSubstr("Who makes others wait")));
}

TEST(Terminal, APathIsNeverBroken) {
  const std::string path = "/a folder/with spaces/and a very long name/" + std::string(60, 'x') + ".svg";
  EXPECT_THAT(shown(serialized_profile(), {.width = 60, .colour = false, .output_path = path}),
              HasSubstr("\n->  " + path + "\n"));
}

TEST(Terminal, DoubtsAreSaid) {
  const TerminalOptions options{.width = 120, .colour = false, .output_path = ""};
  const std::string text = shown(mixed_profile(), options);
  EXPECT_THAT(text, HasSubstr("It ended early: the process ended.\n"));
  EXPECT_THAT(text, HasSubstr("40 % of the ticks saw two or more hand-offs"));
  EXPECT_THAT(text, HasSubstr("1 tick could not be read.\n"));
  EXPECT_THAT(text, HasSubstr("1 native thread without Python used 20 % of one CPU.\n"));
  EXPECT_THAT(shown(serialized_profile(), options), Not(HasSubstr("hand-offs:")));
  EXPECT_THAT(text, Not(HasSubstr("does not tell")));
  Profile stopped = mixed_profile();
  stopped.quality.stopped = std::chrono::milliseconds(700);
  EXPECT_THAT(shown(stopped, options), HasSubstr("The process was stopped for 0.70 s of it"));
  Profile untold = mixed_profile();
  untold.quality.system_calls_told = false;
  EXPECT_THAT(shown(untold, options), HasSubstr("This kernel does not tell what threads are blocked in"));
}

TEST(Terminal, ColourOnlyOnRequest) {
  const Profile profile = mixed_profile();
  EXPECT_THAT(shown(profile, {.width = 100, .colour = false, .output_path = ""}), Not(HasSubstr("\x1b")));
  EXPECT_THAT(shown(profile, {.width = 100, .colour = true, .output_path = ""}), HasSubstr("\x1b[38;5;166m▒"));
}

TEST(Terminal, NamesCannotCommandTheTerminal) {
  ProfileBuilder builder(2);
  builder.spend(builder.thread("a\x1b[2Jb\n"), Activity::kHoldsGil, 2).cpu(2);
  EXPECT_THAT(shown(builder.profile(), {.width = 80, .colour = false, .output_path = ""}),
              AllOf(Not(HasSubstr("\x1b")), HasSubstr("a [2Jb")));
}

TEST(Terminal, NothingSeenIsSaidWithoutATable) {
  const std::string text = shown(Profile{}, {.width = 80, .colour = false, .output_path = ""});
  EXPECT_THAT(text, AllOf(StartsWith("Too little was seen"), Not(HasSubstr("holds")), HasSubstr("0 ticks in 0.00 s")));
  EXPECT_THAT(text, Not(HasSubstr("nan")));
}

TEST(Text, FitFillsOrCuts) {
  EXPECT_EQ(fit("ab", 4), "ab  ");
  EXPECT_EQ(fit("häsher", 6), "häsher");
  EXPECT_EQ(fit("häsher", 4), "häs…");
  EXPECT_EQ(fit("ab", 0), "");
}

TEST(Text, WrapBreaksAtSpaces) {
  EXPECT_EQ(wrap("one two three", 8), "one two\nthree\n");
  EXPECT_EQ(wrap("one two three", 9, 2), "one two\n  three\n");
  EXPECT_EQ(wrap("abcdefghij k", 4, 1), "abcd\n efg\n hij\n k\n");
  EXPECT_EQ(wrap("", 10), "\n");
  EXPECT_EQ(wrap("held 99 % of it", 8), "held\n99 % of\nit\n");
  EXPECT_EQ(wrap("who: " + unbroken("f (a.py:4)") + ", g", 12), "who:\nf (a.py:4),\ng\n");
}

}  // namespace
}  // namespace gilspy::terminal
