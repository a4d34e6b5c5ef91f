// A comment on a pull request: short whatever happens, and nothing in it is markup that a name brought along.
#include <gmock/gmock.h>

#include <algorithm>

#include "formats/markdown/escape.h"
#include "gilspy/format.h"
#include "gilspy/verdict.h"
#include "sample_profile.h"

namespace gilspy {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr auto kMostLines = 60;

std::string markdown_of(const Profile& profile, const Verdict& verdict, const std::string& link = "") {
  RenderOptions options;
  options.link = link;
  return formats::find("markdown")->render(profile, verdict, options);
}

// More of everything than any program has.
Profile crowded() {
  Profile profile = serialized_profile();
  ProfileBuilder more(2);
  for (int i = 0; i < 500; ++i) {
    const auto activity = i % 2 == 0 ? Activity::kHoldsGil : Activity::kBlocked;
    more.spend(more.thread("line\nbreak " + std::to_string(i)), activity, i % 3 == 0 ? 0.001 : 1);
  }
  const std::vector<ThreadProfile>& threads = more.profile().threads;
  profile.threads.insert(profile.threads.end(), threads.begin(), threads.end());
  profile.end_note = "the process\nended";
  return profile;
}

Verdict talkative(const Profile& profile) {
  Verdict verdict = verdict::judge(profile);
  verdict.headline += "\nA second line\n\nand a third.";
  Claim claim = verdict.claims.front();
  for (int i = 0; i < 20; ++i) {
    claim.next_step = "Do\nthis " + std::to_string(i);
    verdict.claims.push_back(claim);
    verdict.advice.push_back("Do\nthat " + std::to_string(i));
    verdict.culprits.push_back({"f\n" + std::to_string(i), 0.05, "g\n"});
    verdict.what_if.assumptions.push_back("Assume\nthis.");
  }
  verdict.what_if.single_thread_price = "It\ncosts.";
  return verdict;
}

TEST(Markdown, IsNeverLongerThanACommentShouldBe) {
  const Profile profile = crowded();
  const std::string text = markdown_of(profile, talkative(profile), "https://example.org/1");
  const auto lines = std::ranges::count(text, '\n');
  EXPECT_LE(lines, kMostLines);
  EXPECT_GT(lines, kMostLines - 10) << "there is hardly room for more: this profile is not extreme enough";
  EXPECT_THAT(text, EndsWith("\nWhole report: <https://example.org/1>\n"));
}

// Every thread in an interpreter of its own: headings take lines, too.
TEST(Markdown, ManyInterpretersMakeItNoLonger) {
  Profile profile = crowded();
  for (std::size_t i = 0; i < profile.threads.size(); ++i) {
    profile.threads[i].info.interpreter_id = static_cast<std::int64_t>(i);
    profile.threads[i].info.gil = GilIndex(i);
    if (i > 0) profile.gils.push_back(profile.gils.front());
    profile.gils[i].index = GilIndex(i);
    profile.gils[i].interpreters = {static_cast<std::int64_t>(i)};
  }
  const std::string text = markdown_of(profile, talkative(profile), "https://example.org/1");
  EXPECT_LE(std::ranges::count(text, '\n'), kMostLines);
  EXPECT_THAT(text, HasSubstr("| **interpreter 1, own GIL: "));
}

TEST(Markdown, OfSeveralInterpretersARowSaysWhichAndWhoseGil) {
  const Profile profile = interpreters_profile();
  const std::string text = markdown_of(profile, verdict::judge(profile));
  const std::size_t shared =
      text.find("| **interpreters 0 and 1 share a GIL: held 95 %, 1.1 threads waiting** | | | |");
  const std::size_t own = text.find("| **interpreter 2, own GIL: held 99 %** | | | | | |\n");
  ASSERT_LT(shared, own);
  EXPECT_LT(text.find("| `second` (21034) in interpreter 1 | 50.0 % "), own);
  EXPECT_GT(text.find("| `third` (21035) in interpreter 2 | 99.0 % "), own);
}

TEST(Markdown, WithoutALinkThereIsNone) {
  const Profile profile = serialized_profile();
  EXPECT_THAT(markdown_of(profile, verdict::judge(profile)), Not(HasSubstr("Whole report")));
}

TEST(Markdown, LinksCannotEndEarly) {
  EXPECT_EQ(markdown::link("https://h/a?b=c&d=%20e#f_g*[x](y)"), "<https://h/a?b=c&d=%20e#f_g*[x](y)>");
  EXPECT_EQ(markdown::link("https://h/a b>\n<i>`\\|"), "<https://h/a%20b%3E%0A%3Ci%3E%60%5C%7C>");
  EXPECT_EQ(markdown::link("https://h/\xc3\xa4"), "<https://h/%C3%A4>");
}

}  // namespace
}  // namespace gilspy
