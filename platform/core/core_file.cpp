#include "core_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gelf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "gilspy/architecture.h"

namespace gilspy::platform {
namespace {

constexpr std::uint64_t kMostNotes = std::uint64_t{1} << 28;  // some kilobytes a thread
constexpr std::size_t kMostSegments = 1U << 20;

constexpr std::string_view kOwner("CORE", 5);  // of the notes that say what NT_* means, with its NUL

// How tools that keep cores pack them.
struct Packing {
  std::string_view magic;
  std::string_view command;
};
constexpr std::array kPackings{Packing{{"\x28\xb5\x2f\xfd", 4}, "zstd -d"}, Packing{{"\x04\x22\x4d\x18", 4}, "lz4 -d"},
                               Packing{{"\xfd"
                                        "7zXZ",
                                        5},
                                       "xz -d"},
                               Packing{{"\x1f\x8b", 2}, "gunzip"}, Packing{{"BZh", 3}, "bunzip2"}};

tl::unexpected<Error> unreadable(const std::string& path) {
  return fail(ErrorCode::kBadRecording, fmt::format("cannot read {}: {}", path, std::strerror(errno)));
}

}  // namespace

Result<std::unique_ptr<CoreFile>> CoreFile::open(const std::string& path) {
  auto file = std::unique_ptr<CoreFile>(new CoreFile());
  file->fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a pipe is refused below
  struct stat facts {};
  if (file->fd_ < 0 || ::fstat(file->fd_, &facts) != 0) return unreadable(path);
  if (!S_ISREG(facts.st_mode)) {
    return fail(ErrorCode::kBadRecording, fmt::format("{} is not a regular file: a core has to be one", path));
  }
  file->size_ = static_cast<std::uint64_t>(facts.st_size);
  GILSPY_CHECK(file->look_into(path));
  return file;
}

CoreFile::~CoreFile() {
  if (elf_ != nullptr) ::elf_end(elf_);
  if (fd_ >= 0) ::close(fd_);
}

Error CoreFile::no_core(const std::string& path) const {
  std::array<std::byte, 8> first{};
  read(0, first);
  for (const Packing& packing : kPackings) {
    if (std::memcmp(first.data(), packing.magic.data(), packing.magic.size()) != 0) continue;
    return {ErrorCode::kBadRecording,
            fmt::format("{} is compressed: unpack it with `{}` first", path, packing.command)};
  }
  return {ErrorCode::kBadRecording, fmt::format("{} is not a core file{}", path, size_ == 0 ? ": it is empty" : "")};
}

Result<void> CoreFile::look_into(const std::string& path) {
  ::elf_version(EV_CURRENT);
  elf_ = ::elf_begin(fd_, ELF_C_READ, nullptr);
  GElf_Ehdr header{};
  if (elf_ == nullptr || ::elf_kind(elf_) != ELF_K_ELF || ::gelf_getehdr(elf_, &header) == nullptr) {
    return tl::unexpected(no_core(path));
  }
  if (header.e_type != ET_CORE) {
    return fail(ErrorCode::kBadRecording,
                fmt::format("{} is a program or a library, not a core file: --core takes the core", path));
  }
  if (header.e_machine != kOwnArchitecture.elf_machine || ::gelf_getclass(elf_) != ELFCLASS64) {
    return fail(ErrorCode::kUnsupported, fmt::format("{} is of another architecture; this gilspy reads cores of {} "
                                                     "only",
                                                     path, kOwnArchitecture.name));
  }
  std::size_t count = 0;
  if (::elf_getphdrnum(elf_, &count) != 0) count = 0;
  for (std::size_t i = 0; i < std::min(count, kMostSegments); ++i) {
    GElf_Phdr segment{};
    if (::gelf_getphdr(elf_, static_cast<int>(i), &segment) == nullptr) break;
    if (segment.p_type == PT_NOTE) notes_.push_back({segment.p_offset, std::min(segment.p_filesz, kMostNotes)});
    if (segment.p_type != PT_LOAD) continue;
    segments_.push_back({RemoteAddr(segment.p_vaddr), segment.p_memsz, segment.p_offset,
                         std::min(segment.p_filesz, segment.p_memsz), (segment.p_flags & PF_R) != 0,
                         (segment.p_flags & PF_W) != 0, (segment.p_flags & PF_X) != 0});
  }
  keep_apart(segments_, [](const CoreSegment& segment) { return segment.end(); });
  return {};
}

bool CoreFile::each_note(const OnNote& each) const {
  for (const Notes& notes : notes_) {
    if (notes.offset > size_ || notes.size > size_ - notes.offset) return false;
    Elf_Data* const data =
        ::elf_getdata_rawchunk(elf_, static_cast<std::int64_t>(notes.offset), notes.size, ELF_T_NHDR);
    if (data == nullptr) return false;
    const std::span all(static_cast<const std::byte*>(data->d_buf), data->d_size);
    GElf_Nhdr note{};
    std::size_t name = 0, content = 0;
    for (std::size_t at = 0; (at = ::gelf_getnote(data, at, &note, &name, &content)) > 0;) {
      if (content > all.size() || note.n_descsz > all.size() - content) return false;
      const auto owner = all.subspan(name, std::min<std::size_t>(note.n_namesz, content - name));
      if (owner.size() != kOwner.size() || std::memcmp(owner.data(), kOwner.data(), kOwner.size()) != 0) continue;
      each(note.n_type, all.subspan(content, note.n_descsz));
    }
  }
  return !notes_.empty();
}

std::size_t CoreFile::read(std::uint64_t offset, std::span<std::byte> into) const {
  std::size_t done = 0;
  while (done < into.size()) {
    const ssize_t size = ::pread(fd_, into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) break;
    done += static_cast<std::size_t>(size);
  }
  return done;
}

}  // namespace gilspy::platform
