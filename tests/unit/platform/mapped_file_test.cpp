#include <gmock/gmock.h>
#include <sys/mman.h>

#include <algorithm>

#include "child_process.h"
#include "gilspy/platform.h"

namespace gilspy {
namespace {

using test::ChildProcess;
using ::testing::HasSubstr;

// A child that maps a file of 5 bytes and says so when the file has been dealt with.
class MappedFile : public ::testing::Test {
 protected:
  MappedFile() {
    path_ = "/tmp/gilspy mapped " + std::to_string(::getpid());
    EXPECT_TRUE(platform::write_file(path_, std::string_view("bytes")).has_value());
    child_ = std::make_unique<ChildProcess>([this](int tell) {
      const int fd = ::open(path_.c_str(), O_RDONLY);
      ::mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
      test::tell(tell, "ready");
      for (;;) ::pause();
    });
    child_->hear();
  }
  ~MappedFile() override { ::unlink(path_.c_str()); }

  std::optional<Mapping> mapping(Target& target) const {
    const auto mappings = target.mappings();
    const auto found =
        std::find_if(mappings->begin(), mappings->end(), [&](const Mapping& m) { return m.path.starts_with(path_); });
    return found == mappings->end() ? std::nullopt : std::optional(*found);
  }

  std::string path_;
  std::unique_ptr<ChildProcess> child_;
};

std::string text_of(const FileBytes& file) {
  const auto bytes = file.bytes();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST_F(MappedFile, IsRead) {
  const auto target = platform::attach(child_->pid());
  ASSERT_TRUE(target.has_value());
  const auto place = mapping(**target);
  ASSERT_TRUE(place);
  const auto file = (*target)->file_of(*place);
  ASSERT_TRUE(file.has_value()) << file.error().message();
  EXPECT_EQ(text_of(**file), "bytes");
}

TEST_F(MappedFile, IsNotTakenForItsSuccessor) {
  EXPECT_TRUE(platform::write_file(path_, std::string_view("other")).has_value());
  const auto target = platform::attach(child_->pid());
  const auto place = mapping(**target);
  ASSERT_TRUE(place);
  EXPECT_THAT(place->path, HasSubstr("(deleted)"));
  const auto file = (*target)->file_of(*place);
  if (file.has_value()) {
    EXPECT_EQ(text_of(**file), "bytes");  // root
  } else {
    EXPECT_EQ(file.error().code(), ErrorCode::kDenied);
    EXPECT_THAT(file.error().message(), HasSubstr("deleted or replaced"));
    EXPECT_THAT(file.error().message(), HasSubstr("sudo"));
  }
}

// Who is not root has names only. One that leads to another inode is no way to the file.
TEST_F(MappedFile, ANameIsTrustedForItsInodeOnly) {
  const auto target = platform::attach(child_->pid());
  auto place = mapping(**target);
  ASSERT_TRUE(place);
  EXPECT_NE(place->inode, 0U);
  place->end = place->end + 4096;  // not a mapping: there is no way past the name
  EXPECT_TRUE((*target)->file_of(*place).has_value());
  Mapping other = *place;
  other.inode += 1;
  EXPECT_EQ((*target)->file_of(other).error().code(), ErrorCode::kDenied);
}

TEST_F(MappedFile, TheProgramItself) {
  const auto target = platform::attach(child_->pid());
  const auto mappings = (*target)->mappings();
  const std::string program = (*target)->identity().executable;
  const auto place =
      std::find_if(mappings->begin(), mappings->end(), [&](const Mapping& m) { return m.path == program; });
  ASSERT_NE(place, mappings->end());
  const auto file = (*target)->file_of(*place);
  ASSERT_TRUE(file.has_value());
  EXPECT_THAT(text_of(**file), ::testing::StartsWith("\x7f"
                                                     "ELF"));
}

TEST_F(MappedFile, MemoryWithoutAFile) {
  const auto target = platform::attach(child_->pid());
  Mapping stack;
  stack.path = "[stack]";
  EXPECT_EQ((*target)->file_of(stack).error().code(), ErrorCode::kSystem);
  EXPECT_EQ((*target)->file_of(Mapping{}).error().code(), ErrorCode::kSystem);
  Mapping device;
  device.path = "/dev/zero";
  EXPECT_FALSE((*target)->file_of(device).has_value());
}

}  // namespace
}  // namespace gilspy
