// The processes of a program as people see them: in the summary, in a comment and on the page.
#include "formats/thread_rows/process_rows.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "formats/terminal/terminal.h"
#include "formats/terminal/text.h"
#include "gilspy/aggregate.h"
#include "gilspy/format.h"
#include "sample_profile.h"

namespace gilspy::thread_rows {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Profile worker(int pid, double seconds) {
  ProfileBuilder builder(2);
  const ThreadIndex thread = builder.thread("MainThread");
  builder.spend(thread, Activity::kHoldsGil, seconds).spend(thread, Activity::kBlocked, 2 - seconds);
  Profile& profile = builder.cpu(seconds).profile();
  profile.target.pid = Pid{pid};
  profile.target.command = {"/usr/bin/python3", "pool|<b>.py"};
  return std::move(profile);
}

Profile program(int workers) {
  std::vector<Profile> processes{worker(1, 0.01)};
  for (int i = 0; i < workers; ++i) processes.push_back(worker(10 + i, 0.1 * (i + 1)));
  return combined(std::move(processes));
}

std::vector<ProcessRow> rows_of(const Profile& profile, std::size_t most) {
  return process_rows(profile, verdict::judge(profile), most);
}

TEST(ProcessRows, TheRootThenWhoDidMost) {
  const std::vector<ProcessRow> rows = rows_of(program(3), 10);
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_EQ(rows[0].pid, Pid{1});
  EXPECT_EQ(rows[1].pid, Pid{12});
  EXPECT_EQ(rows[3].pid, Pid{10});
  EXPECT_EQ(rows[1].name, "python3 pool|<b>.py");
  EXPECT_NEAR(rows[1].cpus, 0.15, 1e-9);
  EXPECT_NEAR(rows[1].held, 0.15, 1e-9);
  EXPECT_EQ(rows[1].threads, 1U);
}

TEST(ProcessRows, TheRestSharesARow) {
  const std::vector<ProcessRow> rows = rows_of(program(12), 5);
  ASSERT_EQ(rows.size(), 5U);
  EXPECT_EQ(rows[4].name, "and 9 more");
  EXPECT_EQ(rows[4].threads, 9U);
  double cpus = 0;
  for (const ProcessRow& row : rows) cpus += row.cpus;
  EXPECT_NEAR(cpus, program(12).parallelism(), 1e-9);
}

TEST(ProcessRows, OneProcessNeedsNoTable) {
  EXPECT_TRUE(rows_of(combined({worker(1, 1)}), 10).empty());
  EXPECT_TRUE(rows_of(worker(1, 1), 10).empty());
}

std::string summary_of(const Profile& profile, int width) {
  terminal::TerminalOptions options;
  options.width = width;
  return terminal::summary(profile, verdict::judge(profile), options);
}

TEST(ProcessRows, StandInTheSummaryAtEveryWidth) {
  for (const int width : {40, 60, 80, 100, 160}) {
    const std::string text = summary_of(program(3), width);
    EXPECT_THAT(text, HasSubstr("process"));
    for (std::size_t begin = 0, end = 0; (end = text.find('\n', begin)) != text.npos; begin = end + 1) {
      if (text.find("MainThread", begin) < end) continue;  // has bars
      const std::string line = text.substr(begin, end - begin);
      EXPECT_LE(terminal::columns(line), static_cast<std::size_t>(std::max(width, 54))) << line;
    }
  }
  EXPECT_THAT(summary_of(program(3), 100), HasSubstr("MainThread of 12"));
  EXPECT_THAT(summary_of(program(3), 100), HasSubstr("ticks of 4 processes"));
  EXPECT_THAT(summary_of(worker(1, 1), 100), Not(HasSubstr("MainThread of")));
}

TEST(ProcessRows, UnreadOnesAreSaid) {
  Profile some = program(2);
  some.unread = {"process 7 may not be read: permission denied"};
  EXPECT_THAT(summary_of(some, 100), HasSubstr("Not recorded: process 7 may not be read"));
}

TEST(ProcessRows, StandInACommentAndOnThePage) {
  const Profile profile = program(20);
  const Verdict verdict = verdict::judge(profile);
  const std::string comment = formats::find("markdown")->render(profile, verdict, {});
  EXPECT_THAT(comment, HasSubstr("| `python3 pool\\|<b>.py` (1) |"));
  EXPECT_LE(std::count(comment.begin(), comment.end(), '\n'), 60);
  const std::string page = formats::find("html")->render(profile, verdict, {});
  EXPECT_THAT(page, HasSubstr("<section id=\"processes\">"));
  EXPECT_THAT(page, HasSubstr("<code>python3 pool|&lt;b&gt;.py</code>"));
}

}  // namespace
}  // namespace gilspy::thread_rows
