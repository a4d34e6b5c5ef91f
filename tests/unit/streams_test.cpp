// JSON and .gz on their way out.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "formats/gzip/gzip_sink.h"
#include "formats/json/json_stream.h"
#include "gunzipped.h"

namespace gilspy::formats {
namespace {

class Pieces : public ByteSink {
 public:
  void write(std::string_view bytes) override {
    all += bytes;
    longest = std::max(longest, bytes.size());
  }
  std::string all;
  std::size_t longest = 0;
};

std::string millis(std::int64_t nanoseconds) {
  Pieces pieces;
  JsonStream json(pieces);
  json.millis(Nanos(nanoseconds));
  json.finish();
  return pieces.all;
}

TEST(JsonStream, MillisecondsHaveAllDigits) {
  EXPECT_EQ(millis(0), "0\n");
  EXPECT_EQ(millis(1), "0.000001\n");
  EXPECT_EQ(millis(2'000'000), "2\n");
  EXPECT_EQ(millis(2'500'000), "2.5\n");
  EXPECT_EQ(millis(1'020'300), "1.0203\n");
  EXPECT_EQ(millis(-1), "-0.000001\n");
  EXPECT_EQ(millis(-12'000'001), "-12.000001\n");
  EXPECT_EQ(millis(1'795'250'967'053'961'579), "1795250967053.961579\n");  // a date, for which a double is too short
}

TEST(JsonStream, WritesWhatItIsTold) {
  Pieces pieces;
  JsonStream json(pieces);
  json.object([&] {
    json.pair("text", "a\nb\xff");
    json.pair("yes", true);
    json.pair("big", std::uint64_t{1} << 63U);
    json.pair("small", -5);
    json.pair("none", nullptr);
    json.array("list", [&] { json.array([&] { json.value(1); }); });
  });
  json.finish();
  EXPECT_EQ(pieces.all,
            "{\"text\":\"a\\nb\xef\xbf\xbd\",\"yes\":true,\"big\":9223372036854775808,\"small\":-5,\"none\":null,"
            "\"list\":[[1]]}\n");
}

TEST(JsonStream, KeepsNoMoreThanAPiece) {
  Pieces pieces;
  JsonStream json(pieces);
  json.array([&] {
    for (int i = 0; i < 300'000; ++i) json.value(i);
  });
  json.finish();
  EXPECT_GT(pieces.all.size(), 1'500'000u);
  EXPECT_LT(pieces.longest, 70'000u);
  EXPECT_TRUE(pieces.all.ends_with(",299999]\n"));
}

TEST(GzipSink, GivesBackWhatWasWritten) {
  std::string noise;
  std::uint64_t state = 1;
  for (int i = 0; i < 400'000; ++i) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    noise += static_cast<char>(state >> 56U);
  }
  for (const std::string& text : {std::string(), std::string("a"), std::string(500'000, 'x'), noise}) {
    Pieces pieces;
    GzipSink sink(pieces);
    const std::string_view all = text;
    for (std::size_t at = 0; at < all.size(); at += 70'001) sink.write(all.substr(at, 70'001));
    sink.finish();
    EXPECT_TRUE(gunzipped(pieces.all) == text) << text.size();
  }
}

TEST(GzipSink, PacksAsItGoesAndAlwaysTheSame) {
  Pieces first, second;
  for (Pieces* pieces : {&first, &second}) {
    GzipSink sink(*pieces);
    for (int i = 0; i < 200'000; ++i) sink.write(std::to_string(i) + "\n");
    EXPECT_GT(pieces->all.size(), 100'000u);  // before the end
    sink.finish();
  }
  EXPECT_EQ(first.all, second.all);
  EXPECT_LE(first.longest, 65'536u);
}

}  // namespace
}  // namespace gilspy::formats
