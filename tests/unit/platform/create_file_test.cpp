// Files that must not be there yet.
#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "gilspy/platform.h"

namespace gilspy::platform {
namespace {

class CreateFileTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_NE(::mkdtemp(folder_.data()), nullptr); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string file(const std::string& name) const { return folder_ + "/" + name; }
  static std::string text_of(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static Contents text(std::string bytes) {
    return [bytes = std::move(bytes)](ByteSink& sink) { sink.write(bytes); };
  }

 private:
  std::string folder_ = "/tmp/gilspy-create-XXXXXX";
};

TEST_F(CreateFileTest, WritesAllOfIt) {
  ASSERT_TRUE(create_file(file("new"), text("text")).has_value());
  EXPECT_EQ(text_of(file("new")), "text");
}

TEST_F(CreateFileTest, WhatIsThereStays) {
  ASSERT_TRUE(create_file(file("old"), text("old")).has_value());
  EXPECT_EQ(create_file(file("old"), text("new")).error().code(), ErrorCode::kCannotWrite);
  EXPECT_EQ(text_of(file("old")), "old");
}

TEST_F(CreateFileTest, LinksAreNotFollowed) {
  ASSERT_TRUE(create_file(file("victim"), text("old")).has_value());
  std::filesystem::create_symlink(file("victim"), file("link"));
  std::filesystem::create_symlink(file("nothing"), file("dangling"));
  EXPECT_FALSE(create_file(file("link"), text("new")).has_value());
  EXPECT_FALSE(create_file(file("dangling"), text("new")).has_value());
  EXPECT_EQ(text_of(file("victim")), "old");
  EXPECT_FALSE(std::filesystem::exists(file("nothing")));
}

TEST_F(CreateFileTest, NoFolder) { EXPECT_FALSE(create_file(file("no/such/file"), text("x")).has_value()); }

}  // namespace
}  // namespace gilspy::platform
