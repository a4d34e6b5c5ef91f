#include "mapped_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <span>
#include <vector>

#include "gilspy/platform.h"
#include "proc_files.h"
#include "proc_text.h"

namespace gilspy::platform {
namespace {

class MappedFile final : public FileBytes {
 public:
  explicit MappedFile(std::span<std::byte> bytes) : bytes_(bytes) {}
  ~MappedFile() override {
    if (!bytes_.empty()) ::munmap(bytes_.data(), bytes_.size());
  }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const override { return bytes_; }

 private:
  std::span<std::byte> bytes_;
};

// Is it the file of the mapping? An inode is not used again while it is mapped. stat() and maps may name different
// devices for it on overlayfs and btrfs, whose own devices have no driver (major 0).
bool same_file(const struct stat& facts, const Mapping& mapping) {
  if (mapping.inode == 0) return true;  // not told
  return facts.st_ino == mapping.inode && (facts.st_dev == mapping.device || major(facts.st_dev) == 0);
}

Result<std::unique_ptr<FileBytes>> map_file_of(const std::string& path, const Mapping& mapping) {
  // Not blocking: a path that the target names could be a pipe.
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return tl::unexpected(error_of(errno, path));
  struct stat facts {};
  if (::fstat(fd.get(), &facts) != 0) return tl::unexpected(error_of(errno, path));
  if (!S_ISREG(facts.st_mode)) return fail(ErrorCode::kSystem, path + ": not a regular file");
  if (!same_file(facts, mapping)) return fail(ErrorCode::kSystem, path + ": another file by now");
  const auto size = static_cast<std::size_t>(facts.st_size);
  if (size == 0) return std::make_unique<MappedFile>(std::span<std::byte>{});
  // A private copy, of the pages that are written: libelf notes in the headers which sections it has decompressed.
  void* bytes = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd.get(), 0);
  if (bytes == MAP_FAILED) return tl::unexpected(error_of(errno, path));
  return std::make_unique<MappedFile>(std::span(static_cast<std::byte*>(bytes), size));
}

// Ways to the file, best first.
std::vector<std::string> ways_to(Pid pid, const Mapping& mapping, const std::string& executable) {
  std::vector<std::string> ways;
  ways.push_back(
      proc_path(pid, fmt::format("map_files/{:x}-{:x}", mapping.begin.value(), mapping.end.value())));  // CAP_SYS_ADMIN
  if (mapping.path == executable) ways.push_back(proc_path(pid, "exe"));
  if (!is_deleted(mapping.path)) {
    ways.push_back(proc_path(pid, "root") + mapping.path);
    ways.push_back(mapping.path);  // of a chroot, maps show the path from our own root
  }
  return ways;
}

}  // namespace

Result<std::unique_ptr<FileBytes>> map_file(const std::string& path) { return map_file_of(path, Mapping{}); }

std::string root_of(Pid pid) { return proc_path(pid, "root"); }

Result<std::unique_ptr<FileBytes>> open_mapped_file(Pid pid, const Mapping& mapping, const std::string& executable) {
  if (!mapping.path.starts_with('/')) return fail(ErrorCode::kSystem, "the mapping has no file");
  for (const std::string& way : ways_to(pid, mapping, executable)) {
    if (auto file = map_file_of(way, mapping); file.has_value()) return file;
  }
  const auto name = without_deleted_mark(mapping.path);
  if (is_deleted(mapping.path)) {
    return fail(ErrorCode::kDenied,
                fmt::format("{} was deleted or replaced after process {} had started; only root can still read it: "
                            "run gilspy with sudo, or restart the program",
                            name, to_int(pid)));
  }
  return fail(ErrorCode::kDenied,
              fmt::format("{}, which process {} runs, cannot be read: run gilspy with sudo", name, to_int(pid)));
}

}  // namespace gilspy::platform
