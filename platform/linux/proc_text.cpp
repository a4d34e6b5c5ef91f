#include "proc_text.h"

#include <sys/sysmacros.h>

#include <array>
#include <charconv>

#include "gilspy/platform.h"

namespace gilspy::platform {
namespace {

template <typename T>
std::optional<T> parse_whole(std::string_view digits, int base) {
  T value{};
  const char* end = digits.data() + digits.size();
  const auto [rest, error] = std::from_chars(digits.data(), end, value, base);
  if (error != std::errc{} || rest != end) return std::nullopt;
  return value;
}

std::string_view without_blanks_in_front(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  return first == std::string_view::npos ? std::string_view{} : text.substr(first);
}

// The kernel writes a newline in a path as \012 (and nothing else: a backslash stays itself).
std::string unescape_newlines(std::string_view path) {
  std::string plain;
  plain.reserve(path.size());
  while (!path.empty()) {
    const std::size_t escape = path.find("\\012");
    plain += path.substr(0, escape);
    if (escape == std::string_view::npos) break;
    plain += '\n';
    path.remove_prefix(escape + 4);
  }
  return plain;
}

// "08:01", in hexadecimal, as a dev_t.
std::optional<std::uint64_t> parse_device(std::string_view word) {
  const std::size_t colon = word.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto major = parse_hex(word.substr(0, colon));
  const auto minor = parse_hex(word.substr(colon + 1));
  if (!major || !minor) return std::nullopt;
  return gnu_dev_makedev(static_cast<unsigned>(*major), static_cast<unsigned>(*minor));
}

// "7f12a000-7f12b000 r-xp 00001000 08:01 131 /lib/x.so"
std::optional<Mapping> parse_mapping(std::string_view line) {
  const std::string_view range = take_word(line);
  const std::string_view rights = take_word(line);
  const auto offset = parse_hex(take_word(line));
  const auto device = parse_device(take_word(line));
  const auto inode = parse_decimal(take_word(line));
  const std::size_t dash = range.find('-');
  if (dash == std::string_view::npos || rights.size() < 4 || !offset) return std::nullopt;
  const auto begin = parse_hex(range.substr(0, dash));
  const auto end = parse_hex(range.substr(dash + 1));
  if (!begin || !end || *end <= *begin) return std::nullopt;

  Mapping mapping;
  mapping.begin = RemoteAddr(*begin);
  mapping.end = RemoteAddr(*end);
  mapping.file_offset = *offset;
  mapping.readable = rights[0] == 'r';
  mapping.writable = rights[1] == 'w';
  mapping.executable = rights[2] == 'x';
  mapping.device = device.value_or(0);
  mapping.inode = static_cast<std::uint64_t>(inode.value_or(0));
  mapping.path = unescape_newlines(without_blanks_in_front(line));
  return mapping;
}

std::optional<std::uint64_t> parse_prefixed_hex(std::string_view word) {
  if (!word.starts_with("0x")) return std::nullopt;
  return parse_hex(word.substr(2));
}

}  // namespace

std::optional<std::uint64_t> parse_hex(std::string_view digits) { return parse_whole<std::uint64_t>(digits, 16); }
std::optional<std::int64_t> parse_decimal(std::string_view digits) { return parse_whole<std::int64_t>(digits, 10); }

std::optional<std::string> environment_value(std::string_view text, std::string_view variable) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\0'), text.size());
    const std::string_view entry = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (entry.size() > variable.size() && entry.starts_with(variable) && entry[variable.size()] == '=') {
      return std::string(entry.substr(variable.size() + 1));
    }
  }
  return std::nullopt;
}

std::string_view take_word(std::string_view& text) {
  text = without_blanks_in_front(text);
  const std::size_t size = std::min(text.find_first_of(" \t\n"), text.size());
  const std::string_view word = text.substr(0, size);
  text.remove_prefix(size);
  return word;
}

std::string_view take_line(std::string_view& text) {
  const std::size_t size = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, size);
  text.remove_prefix(std::min(size + 1, text.size()));
  return line;
}

std::vector<Mapping> parse_maps(std::string_view text) {
  std::vector<Mapping> mappings;
  while (!text.empty()) {
    if (auto mapping = parse_mapping(take_line(text))) mappings.push_back(std::move(*mapping));
  }
  return mappings;
}

std::optional<SyscallFacts> parse_syscall(std::string_view text) {
  SyscallFacts facts;
  const std::string_view first = take_word(text);
  if (first == "running") {
    facts.state = SyscallFacts::State::kRunning;
    return facts;
  }
  const auto number = parse_decimal(first);
  const auto argument = parse_prefixed_hex(take_word(text));
  if (!number) return first.empty() ? std::nullopt : std::optional(facts);
  if (*number >= 0) {
    if (!argument) return facts;
    std::array<std::uint64_t, kSyscallArguments> arguments{*argument};
    for (std::size_t i = 1; i < kSyscallArguments; ++i) {
      arguments[i] = parse_prefixed_hex(take_word(text)).value_or(0);
    }
    facts = facts_of_call(*number, arguments);
    facts.stack_pointer = RemoteAddr(parse_prefixed_hex(take_word(text)).value_or(0));
    facts.instruction = RemoteAddr(parse_prefixed_hex(take_word(text)).value_or(0));
    return facts;
  }
  // "-1 SP PC" outside a system call; both are 0 for a thread without a stack (collect_syscall in lib/syscall.c).
  const auto program_counter = parse_prefixed_hex(take_word(text));
  if (argument && program_counter && *argument == 0 && *program_counter == 0) return std::nullopt;
  facts.state = SyscallFacts::State::kElsewhere;
  facts.blocked_in = BlockedIn::kFault;
  facts.stack_pointer = RemoteAddr(argument.value_or(0));
  facts.instruction = RemoteAddr(program_counter.value_or(0));
  return facts;
}

std::optional<SchedFacts> parse_schedstat(std::string_view text) {
  const auto on_cpu = parse_decimal(take_word(text));
  const auto run_queue = parse_decimal(take_word(text));
  if (!on_cpu || !run_queue) return std::nullopt;
  return SchedFacts{Nanos(*on_cpu), Nanos(*run_queue)};
}

std::optional<StatFacts> parse_stat(std::string_view text) {
  // "PID (NAME) STATE PPID ...": the name may hold blanks and brackets, so it ends at the last one.
  const std::size_t open = text.find('(');
  const std::size_t close = text.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) return std::nullopt;
  StatFacts facts;
  facts.name = std::string(text.substr(open + 1, close - open - 1));
  text.remove_prefix(close + 1);

  constexpr int kState = 3, kParent = 4, kFlags = 9, kStartTime = 22, kStartCode = 26,
                kStartStack = 28;        // as in proc(5)
  constexpr std::uint64_t kExiting = 4;  // PF_EXITING of the kernel's sched.h
  for (int field = kState; field <= kStartStack; ++field) {
    const std::string_view word = take_word(text);
    if (word.empty()) return std::nullopt;
    if (field == kState) facts.state = word.front();
    if (field == kParent) facts.parent = parse_whole<std::int32_t>(word, 10).value_or(0);
    if (field == kFlags) facts.exiting = (parse_whole<std::uint64_t>(word, 10).value_or(0) & kExiting) != 0;
    if (field == kStartTime) facts.start_time = parse_whole<std::uint64_t>(word, 10).value_or(0);
    if (field == kStartCode) facts.start_code = parse_whole<std::uint64_t>(word, 10).value_or(0);
    if (field == kStartStack) facts.start_stack = parse_whole<std::uint64_t>(word, 10).value_or(0);
  }
  return facts;
}

std::string_view status_value(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    std::string_view line = take_line(text);
    if (!line.starts_with(key)) continue;
    line.remove_prefix(key.size());
    if (line.starts_with(':')) return without_blanks_in_front(line.substr(1));
  }
  return {};
}

std::vector<std::int64_t> parse_numbers(std::string_view text) {
  std::vector<std::int64_t> numbers;
  for (std::string_view word = take_word(text); !word.empty(); word = take_word(text)) {
    if (const auto number = parse_decimal(word)) numbers.push_back(*number);
  }
  return numbers;
}

bool is_number_inside(std::string_view status, Pid number) {
  const auto numbers = parse_numbers(status_value(status, "NSpid"));
  return numbers.size() > 1 && std::find(numbers.begin() + 1, numbers.end(), to_int(number)) != numbers.end();
}

std::vector<std::string> parse_command(std::string_view text) {
  // A program that writes its own title over its arguments may leave a tail of NULs.
  while (!text.empty() && text.back() == '\0') text.remove_suffix(1);
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::size_t size = std::min(text.find('\0'), text.size());
    words.emplace_back(text.substr(0, size));
    text.remove_prefix(std::min(size + 1, text.size()));
  }
  return words;
}

bool is_deleted(std::string_view path) { return path.ends_with(kDeletedMark); }

std::string_view without_deleted_mark(std::string_view path) {
  return is_deleted(path) ? path.substr(0, path.size() - kDeletedMark.size()) : path;
}

}  // namespace gilspy::platform
