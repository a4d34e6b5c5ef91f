#include <gmock/gmock.h>
#include <rapidjson/document.h>

#include <limits>

#include "gilspy/aggregate.h"
#include "gilspy/format.h"
#include "sample_profile.h"

namespace gilspy {
namespace {

using ::testing::ElementsAre;
using ::testing::StartsWith;

rapidjson::Document parsed(const Profile& profile) {
  const Verdict verdict = verdict::judge(profile);
  rapidjson::Document document;
  document.Parse<rapidjson::kParseValidateEncodingFlag>(formats::find("json")->render(profile, verdict, {}).c_str());
  EXPECT_FALSE(document.HasParseError());
  return document;
}

std::vector<std::string> keys(const rapidjson::Value& object) {
  std::vector<std::string> keys;
  for (const auto& member : object.GetObject()) keys.emplace_back(member.name.GetString());
  return keys;
}

TEST(Json, HasTheKeysOfTheContractInTheirOrder) {
  const rapidjson::Document json = parsed(mixed_profile());
  EXPECT_THAT(keys(json), ElementsAre("schema", "duration_s", "target", "cpus", "interpreters", "threads", "locks",
                                      "deadlocks", "loops", "parallelism", "confidence", "verdict", "warnings",
                                      "quality", "self", "ended", "total", "processes", "unread"));
  EXPECT_THAT(keys(json["total"]), ElementsAre("processes", "threads", "duration_s", "parallelism", "activities"));
  EXPECT_THAT(keys(json["processes"][0]),
              ElementsAre("began_s", "duration_s", "target", "cpus", "interpreters", "threads", "locks", "deadlocks",
                          "loops", "parallelism", "confidence", "verdict", "warnings", "quality", "self", "ended"));
  EXPECT_THAT(keys(json["target"]),
              ElementsAre("pid", "command", "python", "free_threaded", "gil_enabled", "executable"));
  EXPECT_THAT(keys(json["cpus"]), ElementsAre("online", "allowed", "cgroup_quota", "queued_threads", "holders_queued",
                                              "periods", "throttled_periods"));
  EXPECT_THAT(keys(json["interpreters"][0]),
              ElementsAre("id", "gil", "threads", "activities", "shares_gil", "shares_gil_with"));
  EXPECT_THAT(keys(parsed(serialized_profile())["interpreters"][0]), ElementsAre("id", "gil")) << "there is one only";
  EXPECT_THAT(keys(json["interpreters"][0]["gil"]),
              ElementsAre("id", "utilization", "mean_waiters", "handoffs", "switch_interval_s", "hogged_s", "tenure",
                          "time_to_get_gil", "confidence"));
  EXPECT_THAT(keys(json["interpreters"][0]["gil"]["tenure"]), ElementsAre("count", "median_s", "p99_s", "longest_s"));
  EXPECT_THAT(keys(json["threads"][0]), ElementsAre("tid", "name", "interpreter", "python", "activities", "blocked_in",
                                                    "tenure", "time_to_get_gil", "confidence"));
  EXPECT_THAT(keys(json["threads"][0]["activities"]),
              ElementsAre("holds_gil", "holds_gil_off_cpu", "waits_for_gil", "runs_without_gil", "waits_for_lock",
                          "stop_the_world", "blocked", "unknown"));
  EXPECT_THAT(keys(json["verdict"]),
              ElementsAre("code", "headline", "culprits", "possible_speedup", "advice", "claims", "what_if"));
  EXPECT_THAT(keys(json["quality"]), ElementsAre("ticks_asked", "ticks", "rate_hz", "late", "lateness", "glances",
                                                 "retried", "truncated", "discarded", "blurred", "errors", "stopped_s",
                                                 "gaps_s", "unknown_share", "system_calls_told", "pauses", "native"));
  EXPECT_THAT(keys(json["quality"]["native"]), ElementsAre("whole", "cut", "lost"));
  EXPECT_THAT(keys(json["quality"]["pauses"]),
              ElementsAre("count", "denied", "median_s", "p99_s", "longest_s", "total_s"));
  EXPECT_THAT(keys(json["self"]), ElementsAre("cpu_s", "peak_rss_bytes"));
}

// The one that the program began with keeps its place; only the verdict there is the program's.
TEST(Json, OfAProgramTheRootIsAtTheTop) {
  Profile first = serialized_profile(), second = mixed_profile();
  second.target.pid = Pid{7};
  second.first_tick = std::chrono::seconds(1);
  const rapidjson::Document json = parsed(combined({first, second}));
  EXPECT_EQ(json["target"]["pid"].GetInt(), 21033);
  EXPECT_EQ(json["threads"].Size(), first.threads.size());
  EXPECT_EQ(json["processes"].Size(), 2U);
  EXPECT_EQ(json["processes"][0]["threads"], json["threads"]);
  EXPECT_EQ(json["processes"][1]["target"]["pid"].GetInt(), 7);
  EXPECT_EQ(json["processes"][1]["began_s"].GetDouble(), 1.0);
  EXPECT_EQ(json["total"]["processes"].GetInt(), 2);
  EXPECT_NEAR(json["total"]["duration_s"].GetDouble(), 2.5, 1e-9);
  const auto waits = [](const rapidjson::Value& of) { return of["activities"]["waits_for_gil"].GetDouble(); };
  double sum = 0;
  for (const auto& process : json["processes"].GetArray()) {
    for (const auto& thread : process["threads"].GetArray()) sum += waits(thread);
  }
  EXPECT_NEAR(waits(json["total"]), sum, 1e-9);
}

TEST(Json, ThreadTimeIsConserved) {
  for (const Profile& profile : {serialized_profile(), mixed_profile()}) {
    const rapidjson::Document json = parsed(profile);
    ASSERT_EQ(json["threads"].Size(), profile.threads.size());
    for (rapidjson::SizeType i = 0; i < json["threads"].Size(); ++i) {
      for (const Activity activity : kActivities) {
        const double seconds = json["threads"][i]["activities"][std::string(key(activity)).c_str()].GetDouble();
        EXPECT_EQ(ProfileBuilder::nanos(seconds), profile.threads[i].times[index_of(activity)]);
      }
    }
  }
}

TEST(Json, ValuesSurvive) {
  const rapidjson::Document json = parsed(mixed_profile());
  EXPECT_EQ(json["schema"].GetInt(), 1);
  EXPECT_EQ(json["duration_s"].GetDouble(), 1.5);
  EXPECT_EQ(json["target"]["pid"].GetInt(), 21033);
  EXPECT_STREQ(json["target"]["command"][1].GetString(), "/srv/app/serve.py");
  EXPECT_STREQ(json["target"]["python"].GetString(), "3.13");
  EXPECT_EQ(json["cpus"]["cgroup_quota"].GetDouble(), 2.5);
  EXPECT_EQ(json["interpreters"].Size(), 2u);  // two that share a GIL
  EXPECT_EQ(json["interpreters"][1]["id"].GetInt(), 3);
  EXPECT_EQ(json["interpreters"][1]["gil"]["id"].GetInt(), 0);
  EXPECT_EQ(json["parallelism"].GetDouble(), 1.0);
  EXPECT_STREQ(json["verdict"]["code"].GetString(), "gil_hogged_by_native_call");
  EXPECT_STREQ(json["ended"].GetString(), "the process ended");
}

TEST(Json, OfSeveralInterpretersItSaysWhoSharesAGil) {
  const rapidjson::Document json = parsed(interpreters_profile());
  const auto& found = json["interpreters"];
  ASSERT_EQ(found.Size(), 3u);
  const auto seconds = [&](rapidjson::SizeType i, const char* activity) {
    return found[i]["activities"][activity].GetDouble();
  };
  EXPECT_EQ(found[0]["id"].GetInt(), 1);
  EXPECT_TRUE(found[0]["shares_gil"].GetBool());
  ASSERT_EQ(found[0]["shares_gil_with"].Size(), 1u);
  EXPECT_EQ(found[0]["shares_gil_with"][0].GetInt(), 0);
  EXPECT_EQ(found[0]["threads"].GetInt(), 1);
  EXPECT_EQ(seconds(0, "holds_gil"), 1.0);
  EXPECT_EQ(found[1]["threads"].GetInt(), 2);
  EXPECT_EQ(seconds(1, "waits_for_gil"), 1.1);
  EXPECT_EQ(seconds(1, "blocked"), 1.5);
  EXPECT_FALSE(found[2]["shares_gil"].GetBool());
  EXPECT_EQ(found[2]["shares_gil_with"].Size(), 0u);
  EXPECT_EQ(found[2]["threads"].GetInt(), 2);
  EXPECT_EQ(seconds(2, "blocked"), 0.52);
}

TEST(Json, NamesAreTextWhateverTheirBytesWere) {
  const rapidjson::Document json = parsed(mixed_profile());
  EXPECT_STREQ(json["threads"][1]["name"].GetString(), "spin; the \"2\" <&>");
  EXPECT_STREQ(json["threads"][2]["name"].GetString(), "häsher");
  EXPECT_STREQ(json["threads"][3]["name"].GetString(), "queuer\ufffd");
}

TEST(Json, NativeThreadsAreNotPython) {
  const rapidjson::Document json = parsed(mixed_profile());
  const auto& native = json["threads"][json["threads"].Size() - 1];
  EXPECT_FALSE(native["python"].GetBool());
  EXPECT_TRUE(native["interpreter"].IsNull());
}

TEST(Json, WhatIsNotThereIsNull) {
  const rapidjson::Document json = parsed(serialized_profile());
  EXPECT_TRUE(json["cpus"]["cgroup_quota"].IsNull());
  EXPECT_TRUE(json["ended"].IsNull());
}

TEST(Json, AnEmptyProfileIsValid) {
  const rapidjson::Document json = parsed(Profile{});
  EXPECT_EQ(json["threads"].Size(), 0u);
  EXPECT_EQ(json["parallelism"].GetDouble(), 0.0);
  EXPECT_STREQ(json["verdict"]["code"].GetString(), "insufficient_data");
}

TEST(Json, NumbersThatAreNoneBecomeZero) {
  Profile profile;
  profile.quality.rate_hz = std::numeric_limits<double>::infinity();
  EXPECT_EQ(parsed(profile)["quality"]["rate_hz"].GetDouble(), 0.0);
}

}  // namespace
}  // namespace gilspy
