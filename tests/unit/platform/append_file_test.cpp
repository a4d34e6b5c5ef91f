#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "gilspy/platform.h"

namespace gilspy {
namespace {

namespace fs = std::filesystem;
using platform::append_file;
using platform::open_source;
using ::testing::HasSubstr;

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

class AppendFile : public ::testing::Test {
 protected:
  AppendFile() : folder_(fs::temp_directory_path() / ("gilspy-append-" + std::to_string(::getpid()))) {
    fs::create_directories(folder_);
  }
  ~AppendFile() override { fs::remove_all(folder_); }

  std::string path(const std::string& name) const { return folder_ / name; }
  static std::string read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  fs::path folder_;
};

TEST_F(AppendFile, Grows) {
  const auto file = append_file(path("a"));
  ASSERT_TRUE(file->append(bytes_of("one ")).has_value());
  EXPECT_EQ(read(path("a")), "one ");
  ASSERT_TRUE(file->append(bytes_of("two")).has_value());
  ASSERT_TRUE(file->close().has_value());
  EXPECT_EQ(read(path("a")), "one two");
}

TEST_F(AppendFile, TouchesNothingBeforeItIsWrittenTo) {
  std::ofstream(path("old")) << "of last week";
  const auto file = append_file(path("old"));
  ASSERT_TRUE(append_file(path("new"))->close().has_value());
  EXPECT_FALSE(fs::exists(path("new")));
  EXPECT_EQ(read(path("old")), "of last week");
  ASSERT_TRUE(file->append(bytes_of("new")).has_value());
  EXPECT_EQ(read(path("old")), "new");
}

TEST_F(AppendFile, WhatCannotBeOpenedSaysWhy) {
  const auto written = append_file(path("none/x"))->append(bytes_of("text"));
  ASSERT_FALSE(written.has_value());
  EXPECT_EQ(written.error().code(), ErrorCode::kCannotWrite);
  EXPECT_EQ(written.error().message(), "cannot write " + path("none/x") + ": No such file or directory");
}

TEST_F(AppendFile, BeyondTheSizeThatIsAllowedIsCutBack) {
  const auto file = append_file(path("large"));
  ASSERT_TRUE(file->append(bytes_of(std::string(900, 'a'))).has_value());
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{1000, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto written = file->append(bytes_of(std::string(900, 'b')));
  ::setrlimit(RLIMIT_FSIZE, &before);
  ASSERT_FALSE(written.has_value());
  EXPECT_THAT(written.error().message(), HasSubstr("File too large"));
  EXPECT_EQ(read(path("large")), std::string(900, 'a'));
  ASSERT_TRUE(file->append(bytes_of("c")).has_value());
  EXPECT_EQ(read(path("large")), std::string(900, 'a') + "c");
}

TEST_F(AppendFile, ADeviceThatIsFullSaysSo) {
  const auto written = append_file("/dev/full")->append(bytes_of("text"));
  ASSERT_FALSE(written.has_value());
  EXPECT_THAT(written.error().message(), HasSubstr("No space left"));
}

TEST_F(AppendFile, APipeThatNobodyReadsIsNoSignal) {
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  const int reader = ::open(path("pipe").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  const auto file = append_file(path("pipe"));
  ASSERT_TRUE(file->append(bytes_of("text")).has_value());
  ::close(reader);
  const auto written = file->append(bytes_of("text"));
  ASSERT_FALSE(written.has_value());
  EXPECT_THAT(written.error().message(), HasSubstr("Broken pipe"));
}

TEST_F(AppendFile, ThatWasDeletedMeanwhileIsGone) {
  const auto file = append_file(path("a"));
  ASSERT_TRUE(file->append(bytes_of("one")).has_value());
  fs::remove(path("a"));
  ASSERT_TRUE(file->append(bytes_of("two")).has_value());
  const auto closed = file->close();
  ASSERT_FALSE(closed.has_value());
  EXPECT_EQ(closed.error().code(), ErrorCode::kCannotWrite);
  EXPECT_THAT(closed.error().message(), HasSubstr("deleted"));
}

TEST_F(AppendFile, ASourceReadsFromTheFirstByteToTheLast) {
  std::ofstream(path("a")) << "0123456789";
  const auto source = open_source(path("a"));
  ASSERT_TRUE(source.has_value());
  std::array<std::byte, 7> bytes{};
  EXPECT_EQ((*source)->read(bytes).value_or(0), 7u);
  EXPECT_EQ(bytes[6], std::byte{'6'});
  EXPECT_EQ((*source)->read(bytes).value_or(0), 3u);
  EXPECT_EQ(bytes[0], std::byte{'7'});
  EXPECT_EQ((*source)->read(bytes).value_or(99), 0u);
}

TEST_F(AppendFile, ASourceThatIsNoneSaysWhy) {
  const auto none = open_source(path("none"));
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().message(), "cannot read " + path("none") + ": No such file or directory");
  std::array<std::byte, 1> byte{};
  const auto folder = open_source(folder_.string());
  ASSERT_TRUE(folder.has_value());
  EXPECT_FALSE((*folder)->read(byte).has_value());
}

}  // namespace
}  // namespace gilspy
