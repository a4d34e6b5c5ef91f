#include "formats/html/html.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <numeric>

#include "gather.h"
#include "gilspy/verdict.h"
#include "gilspy/wording.h"
#include "page_data.h"
#include "page_reader.h"
#include "page_text.h"
#include "timeline_scenarios.h"
#include "tracks.h"

namespace gilspy::html {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::string page_of(const Profile& profile, const RenderOptions& options = {}) {
  return formats::render_html(profile, verdict::judge(profile), options);
}

void read(const Profile& profile, ReadPage& page, const RenderOptions& options = {}) {
  PageReader(element(page_of(profile, options), "gilspy-data")).read(page);
}

using Sums = std::array<std::int64_t, kActivityCount>;  // microseconds

Sums sums_of(const std::vector<ReadStretch>& lane) {
  Sums sums{};
  for (const ReadStretch& stretch : lane) sums[stretch.activity] += stretch.to - stretch.from;
  return sums;
}

std::vector<ActivityTimes> sums_of(const Timeline& timeline) {
  std::vector<ActivityTimes> sums(timeline.lanes.size(), ActivityTimes{});
  for (std::size_t i = 0; i < timeline.lanes.size(); ++i) {
    for (const Stretch& stretch : timeline.lanes[i]) sums[i][index_of(stretch.activity)] += stretch.time();
  }
  return sums;
}

void expect_in_order(const Lane& lane) {
  for (std::size_t i = 0; i < lane.size(); ++i) {
    ASSERT_LT(lane[i].from, lane[i].to);
    if (i > 0) {
      ASSERT_LE(lane[i - 1].to, lane[i].from);
    }
  }
}

std::size_t stretches_of(const PageData& data) {
  return std::accumulate(data.timeline.lanes.begin(), data.timeline.lanes.end(), std::size_t{0},
                         [](std::size_t sum, const Lane& lane) { return sum + lane.size(); });
}

// ---- the data

TEST(PageData, WhatThreadsDidComesBack) {
  for (const Profile& profile : {turns_timeline(8, 2.0), parallel_timeline(4, 1.0), hostile_timeline()}) {
    ReadPage page;
    read(profile, page);
    ASSERT_EQ(page.lanes.size(), profile.threads.size());
    for (std::size_t i = 0; i < page.lanes.size(); ++i) {
      const Sums sums = sums_of(page.lanes[i]);
      for (const Activity activity : kActivities) {
        const double exact = double(profile.threads[i].times[index_of(activity)].count()) / 1000;
        // Both ends of a stretch are rounded to a microsecond, which evens out.
        EXPECT_NEAR(double(sums[index_of(activity)]), exact, 60) << i << " " << words(activity);
      }
    }
  }
}

TEST(PageData, PositionsDoNotDrift) {
  const Profile profile = turns_timeline(8, 10.0);
  ReadPage page;
  read(profile, page);
  for (const std::vector<ReadStretch>& lane : page.lanes) EXPECT_EQ(lane.back().to, 10'000'000);
}

TEST(PageData, StacksAndTenuresComeBack) {
  const Profile profile = turns_timeline(4, 1.0);
  ReadPage page;
  read(profile, page);
  EXPECT_EQ(page.stack_text(page.lanes[0][0].stack), "<module> (primes.py:31);Thread.join (threading.py:1119)");
  ASSERT_EQ(page.tenures.size(), 1u);
  ASSERT_EQ(page.tenures[0].size(), profile.timeline.tenures[0].size());
  EXPECT_EQ(page.tenures[0][5].holder, to_int(profile.timeline.tenures[0][5].holder));
  EXPECT_EQ(page.tenures[0][5].from, (profile.timeline.tenures[0][5].from.count() + 500) / 1000);
  EXPECT_THAT(page.cpus, ::testing::Each(1.0));
  EXPECT_EQ(page.cpus.size(), 10u);
}

TEST(PageData, FramesThatLookTheSameAreOne) {
  RenderOptions options;
  options.line_numbers = false;
  const PageData with_lines = page_data(turns_timeline(4, 1.0), {});
  const PageData without = page_data(turns_timeline(4, 1.0), options);
  EXPECT_EQ(with_lines.table.stack_count() - without.table.stack_count(), 2u);  // is_prime stood on three lines
  EXPECT_LT(stretches_of(without), stretches_of(with_lines));
  EXPECT_EQ(sums_of(without.timeline), sums_of(with_lines.timeline));
}

TEST(PageData, OptionsReachThePage) {
  RenderOptions options;
  options.view = View::kBlame;
  options.include_blocked = options.full_filenames = true;
  ReadPage page;
  read(turns_timeline(2, 0.5), page, options);
  EXPECT_STREQ(page.header["options"]["view"].GetString(), "blame");
  EXPECT_TRUE(page.header["options"]["blocked"].GetBool());
  EXPECT_FALSE(page.header["options"]["threads"].GetBool());
  EXPECT_THAT(page.stack_text(page.lanes[1][0].stack), HasSubstr("(/usr/lib/python3.11/threading.py:982)"));
}

// ---- made smaller, sums stay

TEST(Coarsened, KeepsWhatEveryThreadDid) {
  const PageData data = page_data(turns_timeline(8, 4.0), {});
  for (const Nanos window :
       {Nanos(milliseconds(2)), Nanos(milliseconds(20)), Nanos(milliseconds(500)), Nanos(milliseconds(7))}) {
    const PageData coarse = coarsened(data, window);
    EXPECT_EQ(sums_of(coarse.timeline), sums_of(data.timeline));
    EXPECT_EQ(coarse.timeline.window, window);
    for (const Lane& lane : coarse.timeline.lanes) expect_in_order(lane);
  }
  EXPECT_LT(stretches_of(coarsened(data, milliseconds(100))), stretches_of(data) / 2);
}

TEST(Coarsened, MovesTimeWithinItsWindowOnly) {
  const PageData data = page_data(hostile_timeline(), {});
  const PageData coarse = coarsened(data, milliseconds(50));
  const auto in_window = [](const Lane& lane, Nanos begin) {
    ActivityTimes sums{};
    for (const Stretch& stretch : lane) {
      const Nanos time = std::min(stretch.to, begin + Nanos(milliseconds(50))) - std::max(stretch.from, begin);
      if (time > Nanos{0}) sums[index_of(stretch.activity)] += time;
    }
    return sums;
  };
  for (std::size_t i = 0; i < data.timeline.lanes.size(); ++i) {
    for (Nanos begin{0}; begin < Nanos(milliseconds(1000)); begin += milliseconds(50)) {
      EXPECT_EQ(in_window(coarse.timeline.lanes[i], begin), in_window(data.timeline.lanes[i], begin));
    }
  }
}

TEST(Coarsened, SparesTheMomentThatIsShownMagnified) {
  PageData data = page_data(turns_timeline(8, 4.0), {});
  ASSERT_FALSE(data.excerpt.empty());
  data.excerpt = {.from = milliseconds(1010), .to = milliseconds(1110)};  // not at the windows' ends
  const PageData coarse = coarsened(data, milliseconds(200));
  const auto within = [&](const Lane& lane) {
    Lane found;
    for (Stretch stretch : lane) {
      stretch.from = std::max(stretch.from, data.excerpt.from);
      stretch.to = std::min(stretch.to, data.excerpt.to);
      if (stretch.time() > Nanos{0}) found.push_back(stretch);
    }
    return found;
  };
  for (std::size_t i = 0; i < data.timeline.lanes.size(); ++i) {
    EXPECT_EQ(within(coarse.timeline.lanes[i]), within(data.timeline.lanes[i]));
  }
}

TEST(Coarsened, CountsTheChangesOfHandsThatItHides) {
  const PageData data = page_data(turns_timeline(8, 4.0), {});
  const auto changes = [](const PageData& some) {
    std::uint64_t count = 0;
    for (const Tenure& tenure : some.timeline.tenures.front()) count += 1 + tenure.unseen;
    return count;
  };
  EXPECT_EQ(changes(coarsened(data, milliseconds(100))), changes(data));
}

TEST(Shortened, GivesRareStacksToTheirParents) {
  Scenario scenario(1.0);
  const ThreadIndex thread = scenario.thread("t");
  const Frame main{"main", "/a.py", 1, 1}, often{"often", "/a.py", 2, 2}, seldom{"seldom", "/a.py", 3, 3};
  scenario.add(thread, Activity::kHoldsGil, milliseconds(0), milliseconds(900), scenario.stack({main, often}));
  scenario.add(thread, Activity::kHoldsGil, milliseconds(900), milliseconds(960), scenario.stack({main}));
  scenario.add(thread, Activity::kHoldsGil, milliseconds(960), milliseconds(996), scenario.stack({main, seldom}));
  scenario.add(thread, Activity::kHoldsGil, milliseconds(996), milliseconds(1000), scenario.stack({seldom}));
  const PageData data = page_data(scenario.finish(1), {});
  const PageData shorter = shortened(data, 0.05);
  EXPECT_EQ(sums_of(shorter.timeline), sums_of(data.timeline));
  ASSERT_EQ(shorter.timeline.lanes[0].size(), 3u);  // what has become the same is one stretch
  EXPECT_EQ(shorter.timeline.lanes[0][1].time(), Nanos(milliseconds(96)));
  EXPECT_EQ(shorter.table.frame(shorter.table.leaf(shorter.timeline.lanes[0][2].stack)).function, "(rare)");
}

// ---- how large

TEST(Size, AUsualMinuteIsBelowOneMegabyte) { EXPECT_LT(page_of(turns_timeline(8, 60.0)).size(), 1'000'000u); }

TEST(Size, CodeIsBelowAHundredKilobytes) { EXPECT_LT(page_of(Profile{}).size(), 100'000u); }

// Every millisecond another stack, so that nothing can be put together without loss.
Profile many_stacks(int threads, int ticks, int stacks) {
  Scenario scenario(ticks / 1000.0);
  std::vector<StackId> known;
  for (int i = 0; i < stacks; ++i) {
    const std::string name = std::to_string(static_cast<unsigned>(i) * 2654435761U);
    known.push_back(scenario.stack({{"main", "/srv/app/main.py", 1, 1},
                                    {"group_" + std::to_string(i % 50), "/srv/app/groups.py", i % 50, 1},
                                    {"function_" + name, "/srv/app/package_" + name + "/module.py", i, i}}));
  }
  Chance chance;
  for (int t = 0; t < threads; ++t) {
    const ThreadIndex thread = scenario.thread("worker-" + std::to_string(t));
    for (int tick = 0; tick < ticks; ++tick) {
      const Nanos from = milliseconds(tick) + std::chrono::microseconds(chance.below(300));
      scenario.add(thread, tick % threads == t ? Activity::kHoldsGil : Activity::kRunsWithoutGil, from,
                   milliseconds(tick + 1), known[chance.below(known.size())]);
    }
  }
  return scenario.finish(1);
}

TEST(Size, AMillionStretchesAndAHundredThousandStacksFit) {
  const Profile profile = many_stacks(10, 100'000, 100'000);
  const std::string text = page_of(profile);
  EXPECT_LT(text.size(), 10'000'000u);
  EXPECT_THAT(text, HasSubstr("times are dated to"));
  EXPECT_THAT(text, HasSubstr("end at their parents"));
  ReadPage page;
  PageReader(element(text, "gilspy-data")).read(page);
  EXPECT_LE(page.parents.size(), 20'001u);
  for (std::size_t i = 0; i < page.lanes.size(); ++i) {
    const Sums sums = sums_of(page.lanes[i]);
    for (const Activity activity : kActivities) {
      const double exact = double(profile.threads[i].times[index_of(activity)].count()) / 1000;
      EXPECT_NEAR(double(sums[index_of(activity)]), exact, 1000);
    }
  }
}

TEST(Size, AHundredThousandThreadsFit) {
  const std::string text = page_of(churn_timeline(100'000));
  EXPECT_LT(text.size(), 10'000'000u);
}

// Everything else names threads by their places, which are others then.
TEST(Size, WhatNamesThreadsFollowsThemWhereTheyArePutTogether) {
  Profile profile = churn_timeline(6000);
  const ThreadIndex last = profile.threads.back().info.index;
  profile.loops.emplace_back().thread = last;
  profile.tasks.emplace_back().thread = last;
  profile.locks.emplace_back().owner = last;
  profile.deadlocks.emplace_back().members.emplace_back().thread = last;
  const Profile out = gathered(profile);
  ASSERT_LT(out.threads.size(), 10u);
  const auto name = [&](ThreadIndex thread) { return out.threads.at(to_int(thread)).info.name; };
  EXPECT_THAT(name(out.loops.front().thread), HasSubstr(" x 2,000"));
  EXPECT_THAT(name(out.tasks.front().thread), HasSubstr(" x 2,000"));
  EXPECT_THAT(name(*out.locks.front().owner), HasSubstr(" x 2,000"));
  EXPECT_THAT(name(out.deadlocks.front().members.front().thread), HasSubstr(" x 2,000"));
  EXPECT_FALSE(page_of(profile).empty());
}

// ---- interpreters

TEST(Interpreters, AreNamedWhereThereAreSeveral) {
  ReadPage page, other;
  read(interpreters_timeline(), page);
  read(turns_timeline(2, 0.2), other);
  EXPECT_STREQ(page.header["gils"][0]["heading"].GetString(), "interpreter 2, own GIL: held 80 %");
  EXPECT_STREQ(page.header["gils"][1]["heading"].GetString(),
               "interpreters 0 and 1 share a GIL: held 100 %, 1.0 threads waiting");
  EXPECT_EQ(page.header["gils"][0]["place"].GetInt(), 1) << "by interpreters, not as they were met";
  EXPECT_EQ(page.header["gils"][1]["place"].GetInt(), 0);
  EXPECT_FALSE(other.header["gils"][0].HasMember("heading"));
}

// ---- names

TEST(HostileNames, AreTextWhereverTheyStand) {
  const std::string text = page_of(hostile_timeline());
  EXPECT_THAT(text, Not(HasSubstr("<script>fetch")));
  EXPECT_THAT(text, Not(HasSubstr("<img")));
  EXPECT_THAT(text, Not(HasSubstr("<b>&")));
  EXPECT_THAT(text, Not(HasSubstr("<!--")));
  EXPECT_THAT(text, Not(HasSubstr("<i>the process")));
  const std::string shown = text.substr(0, text.find("id=\"gilspy-profile\""));
  EXPECT_THAT(shown, Not(HasSubstr("\xE2\x80\xAE"))) << "U+202E turns the text behind it round";
}

TEST(HostileNames, EndNoElementOfTheirOwn) {
  const auto count = [](const std::string& text, std::string_view what) {
    std::size_t found = 0;
    for (std::size_t at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++found;
    return found;
  };
  const std::string text = page_of(hostile_timeline());
  EXPECT_EQ(count(text, "</script"), count(page_of(Profile{}), "</script"));
  EXPECT_EQ(count(text, "<script"), count(page_of(Profile{}), "<script"));
  EXPECT_EQ(count(text, "</title"), 1u);
}

TEST(Text, IsEscapedAndOnOneLine) {
  EXPECT_EQ(escaped("<a href=\"x\">&'"), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
  EXPECT_EQ(escaped("a\nb\tc\x01"), "a b c ");
  EXPECT_EQ(escaped("\xff"), "\xEF\xBF\xBD");
  EXPECT_EQ(wording::printable("a\xE2\x80\xAE z\xE2\x81\xA6"), "a\xEF\xBF\xBD z\xEF\xBF\xBD");
  EXPECT_EQ(script_safe("{\"a\": \"</script><!--\"}"), "{\"a\": \"\\u003c/script>\\u003c!--\"}");
}

// ---- the page

TEST(Page, CarriesTheJsonThatTheFormatJsonWrites) {
  for (const Profile& profile : {turns_timeline(8, 1.0), mixed_profile(), hostile_timeline()}) {
    rapidjson::Document embedded, written;
    embedded.Parse(element(page_of(profile), "gilspy-profile").c_str());
    written.Parse(formats::find("json")->render(profile, verdict::judge(profile), {}).c_str());
    EXPECT_FALSE(embedded.HasParseError());
    EXPECT_TRUE(embedded == written);
  }
}

TEST(Page, MayLoadNothing) {
  const std::string text = page_of(turns_timeline(2, 0.5));
  EXPECT_THAT(text, HasSubstr("content=\"default-src 'none';"));
  for (const std::string_view address : {"http:", "https:", "src=", "@import", "url("}) {
    EXPECT_THAT(text, Not(HasSubstr(address)));
  }
}

TEST(Page, SaysTheCauseAndWhatWouldChangeBeforeAnyScript) {
  const std::string text = page_of(turns_timeline(8, 2.0));
  EXPECT_LT(text.find("<h1>8 threads did the work of 1 on 2 CPUs"), text.find("<script"));
  EXPECT_THAT(text, HasSubstr("<code>is_prime (primes.py:4)</code> causes"));
  EXPECT_THAT(text, HasSubstr("Without the GIL: <b>at most 2.00x</b> on these 2 CPUs."));
}

TEST(Page, ShowsClaimsWithEvidenceAndWhatWouldChange) {
  const Profile profile = turns_timeline(8, 1.0);
  Verdict verdict = verdict::judge(profile);
  verdict.culprits = {{.function = "iterencode (json/encoder.py:200)", .share = 0.6, .caller = "render (app.py:12)"}};
  verdict.claims = {{.code = VerdictCode::kSerializedByGil,
                     .sentence = verdict.headline,
                     .evidence = {{.name = "GIL held", .value = 0.99, .threshold = 0.2, .words = ""}},
                     .confidence = 0.97,
                     .next_step = ""},
                    {.code = VerdictCode::kCpuStarved,
                     .sentence = "Threads had <no> CPU.",
                     .evidence = {},
                     .confidence = 0.4,
                     .next_step = "Give it more."}};
  verdict.what_if = {.known = true,
                     .cpus = 2,
                     .without_gil = 1.98,
                     .with_processes = 1.9,
                     .if_released = WhatIf::IfReleased{.function = "f (a.py:1)", .factor = 1.5},
                     .assumptions = {"The CPUs are free."},
                     .single_thread_price = "A thread alone is 10 % slower."};
  const std::string text = formats::render_html(profile, verdict, {});
  for (const std::string_view part :
       {"<code>iterencode (json/encoder.py:200)</code> called by <code>render (app.py:12)</code>",
        "confidence <b>97 %</b>", "<li>GIL held 99&nbsp;% (needs 20&nbsp;%)</li>",
        "confidence <b>40 %</b>: Threads had &lt;no&gt; CPU. Give it more.", "<b>at most 1.98x</b> without the GIL",
        "<b>at most 1.90x</b> with processes", "<b>at most 1.50x</b> if <code>f (a.py:1)</code> let go of it",
        "The CPUs are free.", "A thread alone is 10 % slower."}) {
    EXPECT_THAT(text, HasSubstr(std::string(part)));
  }
}

// ---- a moment to magnify

TEST(TypicalMoment, IsLongEnoughForEverybodysTurn) {
  const TimeRange moment = typical_moment(turns_timeline(8, 10.0).timeline, std::chrono::seconds(10));
  EXPECT_EQ(moment.length(), Nanos(milliseconds(100)));  // 8 threads, 5 ms each, and some
}

TEST(TypicalMoment, IsBusyWhereMostOfTheTimeIsNot) {
  Scenario scenario(10.0);
  const ThreadIndex a = scenario.thread("a"), b = scenario.thread("b");
  for (int i = 0; i < 100; ++i) {
    const Nanos from = milliseconds(7000 + 10 * i);
    scenario.add(a, i % 2 ? Activity::kHoldsGil : Activity::kWaitsForGil, from, from + milliseconds(10));
    scenario.add(b, i % 2 ? Activity::kWaitsForGil : Activity::kHoldsGil, from, from + milliseconds(10));
  }
  const TimeRange moment = typical_moment(scenario.finish(0.1).timeline, std::chrono::seconds(10));
  EXPECT_GE(moment.from, Nanos(milliseconds(7000)));
  EXPECT_LE(moment.to, Nanos(milliseconds(8000)));
}

TEST(TypicalMoment, IsNoneOfAShortOrCoarseRecording) {
  EXPECT_TRUE(typical_moment(Timeline{}, std::chrono::seconds(1)).empty());
  EXPECT_TRUE(typical_moment(turns_timeline(8, 0.3).timeline, milliseconds(300)).empty());
  Timeline coarse = turns_timeline(8, 10.0).timeline;
  coarse.window = milliseconds(32);
  EXPECT_TRUE(typical_moment(coarse, std::chrono::seconds(10)).empty());
}

// ---- lanes that threads share

TEST(Tracks, NameWhatThreadsHaveInCommon) {
  EXPECT_EQ(kind_of("Thread-17 (process_request_thread)"), "process_request_thread");
  EXPECT_EQ(kind_of("ThreadPoolExecutor-0_3"), "ThreadPoolExecutor");
  EXPECT_EQ(kind_of("worker-3"), "worker");
  EXPECT_EQ(kind_of("Thread-1 (3)"), "Thread- ()");
  EXPECT_EQ(kind_of("42"), "");
}

TEST(Tracks, ThreadsThatLiveOneAfterTheOtherShareOne) {
  const std::vector<Track> found = tracks(churn_timeline(300));
  ASSERT_EQ(found.size(), 4u);  // three at a time and the main thread
  std::size_t threads = 0;
  for (const Track& track : found) threads += track.threads.size();
  EXPECT_EQ(threads, 301u);
}

TEST(Tracks, ThreadsThatLiveSideBySideHaveTheirOwn) {
  const std::vector<Track> found = tracks(turns_timeline(8, 0.5));
  EXPECT_EQ(found.size(), 9u);
  for (const Track& track : found) EXPECT_EQ(track.threads.size(), 1u);
}

}  // namespace
}  // namespace gilspy::html
