#include "platform/linux/rooted.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>

#include "gilspy/platform.h"

namespace gilspy::platform {
namespace {

namespace fs = std::filesystem;

// As the target sees it, `outside` does not exist.
//
//   folder/outside              "secret"
//   folder/root/lib/a.so        "library"
//   folder/root/outside         "of the target's own"
class Rooted : public ::testing::Test {
 protected:
  Rooted() {
    folder_ = "/tmp/gilspy rooted " + std::to_string(::getpid());
    fs::create_directories(root() + "/lib");
    put(folder_ + "/outside", "secret");
    put(root() + "/lib/a.so", "library");
    put(root() + "/outside", "of the target's own");
  }
  ~Rooted() override { fs::remove_all(folder_); }

  std::string root() const { return folder_ + "/root"; }
  static void put(const std::string& path, const std::string& text) { EXPECT_TRUE(write_file(path, text).has_value()); }
  // The text of a file, or "".
  std::string below(const std::string& path) const {
    const auto file = map_file_below(root(), path);
    if (!file.has_value()) return "";
    const auto bytes = (*file)->bytes();
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  bool is_found_step_by_step(const std::string& path) const {
    const UniqueFd at(::open(root().c_str(), O_PATH | O_DIRECTORY));
    return static_cast<bool>(find_step_by_step(at, path));
  }

  std::string folder_;
};

TEST_F(Rooted, FilesAndLinksInside) {
  fs::create_symlink("a.so", root() + "/lib/b.so");
  fs::create_directory_symlink("/lib", root() + "/lib64");
  EXPECT_EQ(below("/lib/a.so"), "library");
  EXPECT_EQ(below("/lib/b.so"), "library");
  EXPECT_EQ(below("/lib64/b.so"), "library");  // "/" is the target's
  EXPECT_EQ(below("/lib/none.so"), "");
}

TEST_F(Rooted, NoLinkLeadsOut) {
  fs::create_symlink(folder_ + "/outside", root() + "/lib/absolute");
  fs::create_symlink("../../outside", root() + "/lib/upwards");
  fs::create_directory_symlink(folder_, root() + "/up");
  EXPECT_EQ(below("/lib/absolute"), "");
  EXPECT_EQ(below("/lib/upwards"), "of the target's own");  // as the target finds it itself
  EXPECT_EQ(below("/up/outside"), "");
  EXPECT_EQ(below("/lib/../../outside"), "of the target's own");
}

TEST_F(Rooted, LinksOfTheKernelAreNotFollowed) {
  fs::create_symlink("/proc/self/root" + folder_ + "/outside", root() + "/lib/magic");
  EXPECT_EQ(below("/lib/magic"), "");
  const auto through = map_file_below("/", "/proc/self/root" + folder_ + "/outside");
  EXPECT_FALSE(through.has_value());
}

TEST_F(Rooted, StepByStepThereAreNoLinksAtAll) {
  fs::create_symlink("a.so", root() + "/lib/b.so");
  fs::create_directory_symlink("lib", root() + "/lib64");
  fs::create_directory_symlink(folder_, root() + "/up");
  EXPECT_TRUE(is_found_step_by_step("/lib/a.so"));
  EXPECT_TRUE(is_found_step_by_step("//lib/./a.so"));
  EXPECT_FALSE(is_found_step_by_step("/lib64/a.so"));
  EXPECT_FALSE(is_found_step_by_step("/up/outside"));
  EXPECT_FALSE(is_found_step_by_step("/lib/../outside"));
  EXPECT_FALSE(is_found_step_by_step("/lib/none.so"));
  const UniqueFd at(::open(root().c_str(), O_PATH | O_DIRECTORY));
  struct stat facts {};
  EXPECT_FALSE(open_found(find_step_by_step(at, "/lib/b.so"), "b.so", facts).has_value());  // the link, not its file
}

TEST_F(Rooted, WithoutLinksFromOurOwnRoot) {
  fs::create_symlink("a.so", root() + "/lib/b.so");
  fs::create_directory_symlink("lib", root() + "/lib64");
  EXPECT_TRUE(find_without_links(root() + "/lib/a.so"));
  EXPECT_FALSE(find_without_links(root() + "/lib/b.so"));
  EXPECT_FALSE(find_without_links(root() + "/lib64/a.so"));
}

// Nobody writes into the pipe: who opened it to wait for that would wait for ever.
TEST_F(Rooted, OnlyRegularFilesAreOpened) {
  ASSERT_EQ(::mkfifo((root() + "/pipe").c_str(), 0600), 0);
  EXPECT_FALSE(map_file_below(root(), "/pipe").has_value());
  EXPECT_FALSE(map_file(root() + "/pipe").has_value());
  EXPECT_FALSE(map_file_below(root(), "/lib").has_value());
  EXPECT_FALSE(map_file_below("/", "/dev/zero").has_value());
  EXPECT_FALSE(map_file_below(folder_ + "/none", "/lib/a.so").has_value());
}

TEST_F(Rooted, FilesWithoutAnEndAreLeftAlone) {
  ASSERT_EQ(::truncate((root() + "/lib/a.so").c_str(), (off_t{8} << 30) + 1), 0);
  const auto file = map_file_below(root(), "/lib/a.so");
  ASSERT_FALSE(file.has_value());
  EXPECT_THAT(file.error().message(), ::testing::HasSubstr("too large"));
}

}  // namespace
}  // namespace gilspy::platform
