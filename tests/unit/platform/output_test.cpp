#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "child_process.h"
#include "gilspy/platform.h"

namespace gilspy {
namespace {

namespace fs = std::filesystem;
using platform::write_file;
using ::testing::HasSubstr;

class Output : public ::testing::Test {
 protected:
  Output() : folder_(fs::temp_directory_path() / ("gilspy-output-" + std::to_string(::getpid()))) {
    fs::create_directories(folder_);
  }
  ~Output() override { fs::remove_all(folder_); }

  std::string path(const std::string& name) const { return folder_ / name; }
  static std::string read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_), fs::directory_iterator{}));
  }
  static mode_t mode(const std::string& path) {
    struct stat facts {};
    ::stat(path.c_str(), &facts);
    return facts.st_mode & 07777;
  }

  fs::path folder_;
};

void expect_refused(const std::string& path, std::string_view why) {
  const auto written = write_file(path, std::string_view("text"));
  ASSERT_FALSE(written.has_value()) << path;
  EXPECT_EQ(written.error().code(), ErrorCode::kCannotWrite);
  EXPECT_EQ(written.error().message(), "cannot write " + path + ": " + std::string(why));
}

TEST_F(Output, NewFile) {
  const std::string large(3'000'000, 'x');
  ASSERT_TRUE(write_file(path("a b.svg"), large).has_value());
  EXPECT_EQ(read(path("a b.svg")), large);
  EXPECT_EQ(mode(path("a b.svg")) & 0600, 0600U);
  EXPECT_EQ(files(), 1U);
}

TEST_F(Output, InPieces) {
  const Contents numbers = [](ByteSink& to) {
    for (int i = 0; i < 1000; ++i) to.write(std::to_string(i) + "\n");
  };
  ASSERT_TRUE(write_file(path("f"), numbers).has_value());
  EXPECT_EQ(read(path("f")).substr(0, 6), "0\n1\n2\n");
  EXPECT_EQ(read(path("f")).size(), 3890U);
  EXPECT_EQ(files(), 1U);
}

TEST_F(Output, ReplacesAFileAndKeepsItsRights) {
  ASSERT_TRUE(write_file(path("f"), std::string_view("something long")).has_value());
  ::chmod(path("f").c_str(), 0640);
  ASSERT_TRUE(write_file(path("f"), std::string_view("short")).has_value());
  EXPECT_EQ(read(path("f")), "short");
  EXPECT_EQ(mode(path("f")), 0640U);
  EXPECT_EQ(files(), 1U);
}

TEST_F(Output, FollowsALink) {
  ASSERT_TRUE(write_file(path("real"), std::string_view("old")).has_value());
  fs::create_symlink("real", path("link"));
  ASSERT_TRUE(write_file(path("link"), std::string_view("new")).has_value());
  EXPECT_TRUE(fs::is_symlink(path("link")));
  EXPECT_EQ(read(path("real")), "new");
}

TEST_F(Output, RefusalsNameTheFileAndTheReason) {
  expect_refused("/dev/full", "No space left on device");
  expect_refused(path("missing/f"), "No such file or directory");
  expect_refused(path(""), "Is a directory");
  expect_refused(path("new/"), "Is a directory");
  expect_refused("", "Is a directory");
  ASSERT_TRUE(write_file(path("f"), std::string_view("x")).has_value());
  expect_refused(path("f/g"), "Not a directory");
  expect_refused(path(std::string(300, 'n')), "File name too long");
  EXPECT_EQ(files(), 1U);
  EXPECT_TRUE(write_file("/dev/null", std::string_view("x")).has_value());
}

TEST_F(Output, AFullDiskLeavesTheOldFile) {
  ASSERT_TRUE(write_file(path("f"), std::string_view("old")).has_value());
  test::ChildProcess child([&](int tell) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{1000, 1000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const Contents pieces = [](ByteSink& to) {
      for (int i = 0; i < 50; ++i) to.write(std::string(100, 'x'));
    };
    const auto written = write_file(path("f"), pieces);
    test::tell(tell, written.has_value() ? "written" : written.error().message());
  });
  EXPECT_EQ(child.hear(), "cannot write " + path("f") + ": File too large");
  EXPECT_EQ(read(path("f")), "old");
  EXPECT_EQ(files(), 1U);
}

TEST_F(Output, APipeIsWrittenDirectly) {
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  const int reader = ::open(path("pipe").c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_TRUE(write_file(path("pipe"), std::string_view("text")).has_value());
  char text[8] = {};
  EXPECT_EQ(::read(reader, text, sizeof(text)), 4);
  ::close(reader);
}

// In a child: its standard output is a pipe that nobody reads, and SIGPIPE would be its end.
TEST_F(Output, AClosedPipeIsAnError) {
  for (const std::string name : {"-", "/dev/stdout"}) {
    test::ChildProcess child([&](int tell) {
      int ends[2];
      if (::pipe(ends) != 0) return;
      ::close(ends[0]);
      ::dup2(ends[1], STDOUT_FILENO);
      const auto written = write_file(name, std::string_view("text"));
      test::tell(tell, written.has_value() ? "written" : written.error().message());
    });
    EXPECT_THAT(child.hear(), HasSubstr(": Broken pipe"));
  }
}

TEST_F(Output, UnderSudoTheFileBelongsToTheUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "SKIPPED: needs root";
  ::setenv("SUDO_UID", "12345", 1);
  ::setenv("SUDO_GID", "23456", 1);
  ASSERT_TRUE(write_file(path("user"), std::string_view("x")).has_value());
  ASSERT_TRUE(write_file(path("root"), std::string_view("x"), platform::Ownership::kProcess).has_value());
  fs::create_symlink("linked", folder_ / "link");
  ASSERT_TRUE(write_file(path("link"), std::string_view("x")).has_value());
  ::setenv("SUDO_UID", "nonsense", 1);
  ASSERT_TRUE(write_file(path("nonsense"), std::string_view("x")).has_value());
  ::unsetenv("SUDO_UID");
  ::unsetenv("SUDO_GID");
  struct stat facts {};
  ::stat(path("user").c_str(), &facts);
  EXPECT_EQ(facts.st_uid, 12345U);
  EXPECT_EQ(facts.st_gid, 23456U);
  ::stat(path("linked").c_str(), &facts);
  EXPECT_EQ(facts.st_uid, 12345U);
  ::stat(path("root").c_str(), &facts);
  EXPECT_EQ(facts.st_uid, 0U);
  ::stat(path("nonsense").c_str(), &facts);
  EXPECT_EQ(facts.st_uid, 0U);
}

TEST_F(Output, ALinkToAFileThatIsYetToBeIsFollowed) {
  const auto target = folder_ / "target.txt";
  fs::create_symlink(target, folder_ / "link.txt");
  ASSERT_TRUE(write_file((folder_ / "link.txt").string(), std::string_view("text")).has_value());
  EXPECT_TRUE(fs::is_symlink(folder_ / "link.txt"));
  EXPECT_EQ(fs::file_size(target), 4u);
}

TEST_F(Output, LinksToLinksAreFollowedToTheFileThatIsYetToBe) {
  fs::create_directories(folder_ / "here");
  fs::create_directories(folder_ / "there");
  fs::create_symlink("../there/second", folder_ / "here/first");
  fs::create_symlink("file", folder_ / "there/second");
  ASSERT_TRUE(write_file(path("here/first"), std::string_view("text")).has_value());
  EXPECT_TRUE(fs::is_symlink(folder_ / "here/first"));
  EXPECT_TRUE(fs::is_symlink(folder_ / "there/second"));
  EXPECT_EQ(read(path("there/file")), "text");
}

TEST_F(Output, ALinkIntoAFolderThatIsNotThereIsRefused) {
  fs::create_symlink("missing/file", folder_ / "link");
  expect_refused(path("link"), "No such file or directory");
  fs::create_symlink("loop", folder_ / "loop");
  expect_refused(path("loop"), "Too many levels of symbolic links");
}

TEST_F(Output, AFullDiskLeavesNothingBehindALink) {
  fs::create_symlink("file", folder_ / "link");
  test::ChildProcess child([&](int tell) {
    const rlimit limit{1000, 1000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const auto written = write_file(path("link"), std::string(5000, 'x'));
    test::tell(tell, written.has_value() ? "written" : written.error().message());
  });
  EXPECT_EQ(child.hear(), "cannot write " + path("link") + ": File too large");
  EXPECT_EQ(files(), 1U);
}

}  // namespace
}  // namespace gilspy
