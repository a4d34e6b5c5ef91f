#include "mapped_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <span>
#include <vector>

#include "gilspy/platform.h"
#include "proc_files.h"
#include "proc_text.h"
#include "rooted.h"

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

// More than any library has, or its debugging information: nothing is gained by reading on.
constexpr off_t kMostBytes = off_t{8} << 30;

// `found`: see rooted.h.
Result<std::unique_ptr<FileBytes>> map_found(const UniqueFd& found, const std::string& path, const Mapping& mapping) {
  struct stat facts {};
  GILSPY_TRY(const UniqueFd fd, open_found(found, path, facts));
  if (!same_file(facts, mapping)) return fail(ErrorCode::kSystem, path + ": another file by now");
  if (facts.st_size > kMostBytes) return fail(ErrorCode::kSystem, path + ": too large");
  const auto size = static_cast<std::size_t>(facts.st_size);
  if (size == 0) return std::make_unique<MappedFile>(std::span<std::byte>{});
  // A private copy, of the pages that are written: libelf notes in the headers which sections it has decompressed.
  void* bytes = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd.get(), 0);
  if (bytes == MAP_FAILED) return tl::unexpected(error_of(errno, path));
  return std::make_unique<MappedFile>(std::span(static_cast<std::byte*>(bytes), size));
}

UniqueFd find(const std::string& path) { return UniqueFd(::open(path.c_str(), O_PATH | O_CLOEXEC)); }

UniqueFd root_at(const std::string& root) { return UniqueFd(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)); }

// Ways to the file, best first.
std::vector<std::function<UniqueFd()>> ways_to(Pid pid, const Mapping& mapping, const std::string& executable) {
  std::vector<std::function<UniqueFd()>> ways;
  // Links of the kernel's own, to the very file; the first kind takes CAP_CHECKPOINT_RESTORE.
  ways.emplace_back([=] {
    return find(proc_path(pid, fmt::format("map_files/{:x}-{:x}", mapping.begin.value(), mapping.end.value())));
  });
  if (mapping.path == executable) ways.emplace_back([=] { return find(proc_path(pid, "exe")); });
  if (!is_deleted(mapping.path)) {
    ways.emplace_back([=] { return find_below(root_at(proc_path(pid, "root")), mapping.path); });
    // Of a chroot, maps show the path from our own root, and without links.
    ways.emplace_back([=] { return find_without_links(mapping.path); });
  }
  return ways;
}

}  // namespace

Result<std::unique_ptr<FileBytes>> map_file(const std::string& path) { return map_found(find(path), path, Mapping{}); }

Result<std::unique_ptr<FileBytes>> map_file_below(const std::string& root, const std::string& path) {
  return map_found(find_below(root_at(root), path), path, Mapping{});
}

Result<std::unique_ptr<FileBytes>> open_mapped_file(Pid pid, const Mapping& mapping, const std::string& executable) {
  if (!mapping.path.starts_with('/')) return fail(ErrorCode::kSystem, "the mapping has no file");
  for (const auto& way : ways_to(pid, mapping, executable)) {
    if (auto file = map_found(way(), mapping.path, mapping); file.has_value()) return file;
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
