// The texts of /proc, parsed: pure functions, no files. Nothing here trusts the kernel to be the one we know: what does
// not parse is nullopt or left out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gilspy/target.h"

namespace gilspy::platform {

// /proc/PID/maps
std::vector<Mapping> parse_maps(std::string_view text);

// /proc/PID/task/TID/syscall. Nullopt: the thread has no kernel stack any more, it is gone.
std::optional<SyscallFacts> parse_syscall(std::string_view text);

// /proc/PID/task/TID/schedstat
std::optional<SchedFacts> parse_schedstat(std::string_view text);

// The fields of /proc/PID/stat that tell one process, and one program in it, from another.
struct StatFacts {
  std::string name;  // as comm
  char state = '?';
  std::int32_t parent = 0;
  bool exiting = false;          // its main thread is on its way out, perhaps without memory already
  std::uint64_t start_time = 0;  // clock ticks since boot
  std::uint64_t start_code = 0;  // 0 (or 1) when the kernel does not tell us
  std::uint64_t start_stack = 0;

  bool stopped() const { return state == 'T' || state == 't'; }
  bool ended() const { return state == 'Z' || state == 'X' || state == 'x'; }
};
std::optional<StatFacts> parse_stat(std::string_view text);

// The value of "Key:\tvalue" in /proc/PID/status or a file like it; empty when there is no such key.
std::string_view status_value(std::string_view text, std::string_view key);

// Decimal numbers divided by blanks: children, Uid, NSpid.
std::vector<std::int64_t> parse_numbers(std::string_view text);

// Whether NSpid of /proc/PID/status has this number behind the first: one that others know the process by, in a PID
// namespace below the one of this /proc.
bool is_number_inside(std::string_view status, Pid number);

// /proc/PID/cmdline
std::vector<std::string> parse_command(std::string_view text);

// The value of a variable in /proc/PID/environ.
std::optional<std::string> environment_value(std::string_view text, std::string_view variable);

// Takes the next word or line off the front of `text`.
std::string_view take_word(std::string_view& text);
std::string_view take_line(std::string_view& text);

std::optional<std::uint64_t> parse_hex(std::string_view digits);
std::optional<std::int64_t> parse_decimal(std::string_view digits);

// A path as links in /proc and maps show it, without the " (deleted)" of a file that has lost its name.
inline constexpr std::string_view kDeletedMark = " (deleted)";
bool is_deleted(std::string_view path);
std::string_view without_deleted_mark(std::string_view path);

}  // namespace gilspy::platform
