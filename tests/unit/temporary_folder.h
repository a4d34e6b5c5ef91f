// A folder of a test's own, which goes with it.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <string>

namespace gilspy::test {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    static int count = 0;
    path_ = std::filesystem::temp_directory_path() /
            ("gilspy " + std::to_string(::getpid()) + " " + std::to_string(++count));
    std::filesystem::create_directories(path_);
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string path() const { return path_; }
  std::string copy(const std::string& file, const std::string& to) const {
    const std::filesystem::path place = path_ / to;
    std::filesystem::create_directories(place.parent_path());
    std::filesystem::copy_file(file, place);
    return place;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace gilspy::test
