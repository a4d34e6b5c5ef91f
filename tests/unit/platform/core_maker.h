// Makes core files: headers, notes and memory as a test says.
#pragma once

#include <elf.h>
#include <sys/procfs.h>
#include <sys/user.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gilspy::test {

class CoreMaker {
 public:
  struct File {
    std::uint64_t begin, end, page;
    std::string path;
  };

  std::uint16_t machine = EM_X86_64;
  std::uint16_t type = ET_CORE;

  void add_thread(int tid, const user_regs_struct& registers, short signal = 0) {
    elf_prstatus status{};
    status.pr_pid = tid;
    status.pr_cursig = signal;
    status.pr_utime.tv_sec = 2;
    std::memcpy(&status.pr_reg, &registers, sizeof registers);
    add_note(NT_PRSTATUS, &status, sizeof status);
  }
  void add_process(int pid, std::string_view name, std::string_view command) {
    elf_prpsinfo process{};
    process.pr_pid = pid;
    name.copy(process.pr_fname, sizeof process.pr_fname - 1);
    command.copy(process.pr_psargs, sizeof process.pr_psargs);
    add_note(NT_PRPSINFO, &process, sizeof process);
  }
  void add_auxiliary(std::uint64_t program_headers, std::uint64_t vdso) {
    const std::uint64_t values[] = {AT_PHDR, program_headers, AT_SYSINFO_EHDR, vdso, AT_NULL, 0};
    add_note(NT_AUXV, values, sizeof values);
  }
  void add_files(const std::vector<File>& files, std::uint64_t page_size = 4096) {
    std::vector<std::uint64_t> numbers{files.size(), page_size};
    std::string names;
    for (const File& file : files) {
      numbers.insert(numbers.end(), {file.begin, file.end, file.page});
      names += file.path + '\0';
    }
    std::string content(reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof numbers[0]);
    content += names;
    add_note(NT_FILE, content.data(), content.size());
  }
  void add_note(std::uint32_t note, const void* content, std::size_t size, std::string_view owner = "CORE") {
    const Elf64_Nhdr header{static_cast<Elf64_Word>(owner.size() + 1), static_cast<Elf64_Word>(size), note};
    append(&header, sizeof header);
    notes_.append(owner).push_back('\0');
    pad();
    append(content, size);
    pad();
  }
  // `memory_size`: of which the file has the first bytes only; 0: all.
  void add_memory(std::uint64_t address, std::span<const std::byte> bytes, std::uint32_t flags,
                  std::uint64_t memory_size = 0) {
    memory_.push_back({address, {bytes.begin(), bytes.end()}, flags, memory_size == 0 ? bytes.size() : memory_size});
  }

  std::string bytes() const {
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = type;
    header.e_machine = machine;
    header.e_version = EV_CURRENT;
    header.e_ehsize = sizeof header;
    header.e_phoff = sizeof header;
    header.e_phentsize = sizeof(Elf64_Phdr);
    header.e_phnum = static_cast<Elf64_Half>(1 + memory_.size());
    std::uint64_t offset = sizeof header + header.e_phnum * sizeof(Elf64_Phdr);
    std::vector<Elf64_Phdr> segments(header.e_phnum);
    segments[0].p_type = PT_NOTE;
    segments[0].p_offset = offset;
    segments[0].p_filesz = notes_.size();
    segments[0].p_align = 4;
    offset += notes_.size();
    std::string content = notes_;
    for (std::size_t i = 0; i < memory_.size(); ++i) {
      const Memory& part = memory_[i];
      segments[i + 1] = {PT_LOAD, part.flags, offset, part.address, 0, part.bytes.size(), part.size, 4096};
      content.append(reinterpret_cast<const char*>(part.bytes.data()), part.bytes.size());
      offset += part.bytes.size();
    }
    std::string all(reinterpret_cast<const char*>(&header), sizeof header);
    all.append(reinterpret_cast<const char*>(segments.data()), segments.size() * sizeof segments[0]);
    return all + content;
  }

 private:
  struct Memory {
    std::uint64_t address = 0;
    std::vector<std::byte> bytes;
    std::uint32_t flags = 0;
    std::uint64_t size = 0;
  };

  void append(const void* from, std::size_t size) { notes_.append(static_cast<const char*>(from), size); }
  void pad() { notes_.resize((notes_.size() + 3) / 4 * 4); }

  std::string notes_;
  std::vector<Memory> memory_;
};

// A file that is there as long as this.
class KeptFile {
 public:
  explicit KeptFile(std::string_view bytes) {
    char name[] = "/tmp/gilspy-core-XXXXXX";
    const int fd = ::mkstemp(name);
    if (fd >= 0) ::close(fd);
    path_ = name;
    std::ofstream(path_, std::ios::binary) << bytes;
  }
  ~KeptFile() { ::unlink(path_.c_str()); }
  KeptFile(const KeptFile&) = delete;
  KeptFile& operator=(const KeptFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace gilspy::test
