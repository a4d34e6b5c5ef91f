#include "core_notes.h"

#include <elf.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/procfs.h>
#include <sys/syscall.h>
#include <sys/user.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>

#include "gilspy/platform.h"

namespace gilspy::platform {
namespace {

template <typename T>
std::optional<T> leading(std::span<const std::byte> bytes) {
  if (bytes.size() < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

std::string_view text_of(std::span<const std::byte> bytes) {
  const auto end = std::ranges::find(bytes, std::byte{0});
  // NOLINTNEXTLINE: bytes of the file as characters
  return {reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(end - bytes.begin())};
}

// What a system call in which a thread was blocked leaves when a signal ends it: the first and the last of the kernel's
// own numbers (include/linux/errno.h: ERESTARTSYS to ERESTART_RESTARTBLOCK), or EINTR.
bool was_interrupted(std::int64_t result) { return (result <= -512 && result >= -516) || result == -EINTR; }

// Also whoever was woken by another thread or by time: it has not come far enough to see that. futex(2).
bool waits_for_futex(std::int64_t number, std::uint64_t operation) {
  const int command = static_cast<int>(operation) & FUTEX_CMD_MASK;
  return number == kFutexSyscall && (command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET);
}

// What a thread was blocked in, by its registers.
std::optional<SyscallFacts> call_of(const user_regs_struct& all) {
#if defined(__x86_64__)
  // orig_rax: the number of the call that it is in, else negative.
  const auto number = static_cast<std::int64_t>(all.orig_rax);
  const auto result = static_cast<std::int64_t>(all.rax);
  if (number < 0 || (!was_interrupted(result) && !waits_for_futex(number, all.rsi))) return std::nullopt;
  const std::array<std::uint64_t, kSyscallArguments> arguments{all.rdi, all.rsi, all.rdx, all.r10, all.r8, all.r9};
#elif defined(__aarch64__)
  // x8 has the number. x0 is the first argument as well as the result, and so is lost.
  if (!was_interrupted(static_cast<std::int64_t>(all.regs[0]))) return std::nullopt;
  const auto number = static_cast<std::int64_t>(all.regs[8]);
  const std::array<std::uint64_t, kSyscallArguments> arguments{0,           all.regs[1], all.regs[2],
                                                               all.regs[3], all.regs[4], all.regs[5]};
#endif
  return facts_of_call(number, arguments);
}

class NoteReader {
 public:
  void read(std::uint32_t type, std::span<const std::byte> content) {
    switch (type) {
      case NT_PRSTATUS: return read_thread(content);
      case NT_PRPSINFO: return read_process(content);
      case NT_SIGINFO: return read_signal(content);
      case NT_AUXV: return read_auxiliary_vector(content);
      case NT_FILE: return read_files(content);
      default: return;
    }
  }

  CoreNotes notes;

 private:
  void read_thread(std::span<const std::byte> content) {
    const auto status = leading<elf_prstatus>(content);
    if (!status || status->pr_pid <= 0) return;
    const auto general = std::as_bytes(std::span(&status->pr_reg, 1));
    CoreThread thread;
    thread.tid = Tid{status->pr_pid};
    thread.registers = general_registers(general);
    thread.call.state = SyscallFacts::State::kRunning;
    if (const auto call = call_of(*leading<user_regs_struct>(general))) {
      thread.call = *call;
      thread.call.stack_pointer = thread.registers.stack_pointer();
      thread.call.instruction = thread.registers.instruction();
    }
    thread.cpu = time_of(status->pr_utime) + time_of(status->pr_stime);
    if (notes.threads.empty()) notes.signal = status->pr_cursig;
    notes.threads.push_back(thread);
  }

  template <typename T>
  static Nanos time_of(const T& time) {
    constexpr std::int64_t kMostSeconds = 1'000'000'000;
    constexpr std::int64_t kMicroseconds = 1'000'000;  // of a second
    const std::int64_t seconds = time.tv_sec, microseconds = time.tv_usec;
    if (seconds < 0 || seconds > kMostSeconds || microseconds < 0 || microseconds >= kMicroseconds) return Nanos{0};
    return std::chrono::seconds(seconds) + std::chrono::microseconds(microseconds);
  }

  void read_process(std::span<const std::byte> content) {
    const auto process = leading<elf_prpsinfo>(content);
    if (!process) return;
    notes.pid = Pid{process->pr_pid};
    notes.name = text_of(std::as_bytes(std::span(process->pr_fname)));
    std::string_view line = text_of(std::as_bytes(std::span(process->pr_psargs)));
    while (!line.empty()) {
      const std::size_t size = std::min(line.find(' '), line.size());
      if (size > 0) notes.command.emplace_back(line.substr(0, size));
      line.remove_prefix(std::min(size + 1, line.size()));
    }
  }

  void read_signal(std::span<const std::byte> content) {
    if (const auto number = leading<std::int32_t>(content)) told_signal_ = *number;
    if (told_signal_ > 0) notes.signal = told_signal_;
  }

  void read_auxiliary_vector(std::span<const std::byte> content) {
    for (; content.size() >= sizeof(Elf64_auxv_t); content = content.subspan(sizeof(Elf64_auxv_t))) {
      const auto entry = *leading<Elf64_auxv_t>(content);
      if (entry.a_type == AT_PHDR) notes.program_headers = RemoteAddr(entry.a_un.a_val);
      if (entry.a_type == AT_SYSINFO_EHDR) notes.vdso = RemoteAddr(entry.a_un.a_val);
    }
  }

  // fill_files_note in fs/binfmt_elf.c: how many, the size of a page, then begin, end and offset in pages of each, then
  // their names.
  void read_files(std::span<const std::byte> content) {
    struct Entry {
      std::uint64_t begin, end, page;
    };
    constexpr std::size_t kHead = 2 * sizeof(std::uint64_t);
    const auto count = leading<std::uint64_t>(content);
    const auto page_size = content.size() >= kHead ? leading<std::uint64_t>(content.subspan(8)) : std::nullopt;
    if (!count || !page_size || *count > (content.size() - kHead) / sizeof(Entry)) return;
    const auto entries = content.subspan(kHead, *count * sizeof(Entry));
    auto names = content.subspan(kHead + entries.size());
    for (std::size_t i = 0; i < *count; ++i) {
      const auto entry = *leading<Entry>(entries.subspan(i * sizeof(Entry)));
      const std::string_view name = text_of(names);
      notes.files.push_back(
          {RemoteAddr(entry.begin), RemoteAddr(entry.end), entry.page * *page_size, std::string(name)});
      names = names.subspan(std::min(names.size(), name.size() + 1));
    }
    keep_apart(notes.files, [](const CoreMappedFile& file) { return file.end; });
  }

  int told_signal_ = 0;
};

}  // namespace

CoreNotes read_notes(const CoreFile& file) {
  NoteReader reader;
  file.each_note([&](std::uint32_t type, std::span<const std::byte> content) { reader.read(type, content); });
  CoreNotes notes = std::move(reader.notes);
  if (core_signal_name(notes.signal).empty()) notes.signal = 0;
  if (notes.threads.empty()) return notes;
  if (to_int(notes.pid) == 0) notes.pid = Pid{to_int(notes.threads.front().tid)};
  return notes;
}

// signal(7): those whose action is "Core". Not SIGTRAP, with which debuggers stop what they make a core of.
std::string core_signal_name(int signal) {
  switch (signal) {
    case SIGQUIT: return "SIGQUIT";
    case SIGILL: return "SIGILL";
    case SIGABRT: return "SIGABRT";
    case SIGFPE: return "SIGFPE";
    case SIGSEGV: return "SIGSEGV";
    case SIGBUS: return "SIGBUS";
    case SIGSYS: return "SIGSYS";
    case SIGXCPU: return "SIGXCPU";
    case SIGXFSZ: return "SIGXFSZ";
    default: return {};
  }
}

}  // namespace gilspy::platform
