// The words and numbers that people read, spelt the same way in the verdict and in every format.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gilspy/profile.h"

namespace gilspy::wording {

// "99 %", "0.4 %", "0 %"; never "-0 %", never "100 %" for less than everything
std::string percent(double share);
// "1 thread", "1,995 ticks": the plural is the noun with an s
std::string count_of(std::uint64_t count, std::string_view noun);
std::string grouped(std::uint64_t count);      // "1,995"
std::string cpus(double cpus);                 // "1.02", "12.3", "2" for whole numbers: how many were used
std::string cpu_count(double cpus);            // "1 CPU", "2.5 CPUs": how many there are
std::string these_cpus(const CpuFacts& cpus);  // "these 2 CPUs", "the 1 CPU that it may use"
// "± 2", "± 0.3": a margin, in the unit of what it belongs to; never none.
std::string plus_minus(double margin);
std::string seconds(Nanos time);                 // "2.00 s"
std::string micros(Nanos time);                  // "23 us", "1,950 us"
std::string span(Nanos time);                    // "23 us", "5.2 ms", "71 ms", "1.30 s"
std::string times(std::uint64_t count);          // "once", "twice", "1,995 times"
std::string ticks_made(const Quality& quality);  // "1,995 of 2,000 ticks"; "2,000 ticks"
std::string speedup(double factor);              // "at most 1.96x", "no faster": an upper bound

// The path without what everybody on the team knows: the folder of the libraries, of the project or of the script.
std::string short_file(std::string_view file, const TargetFacts& target);
// Whether the file belongs to Python's own library or to an installed package: not to the program that is profiled.
bool is_library(std::string_view file);
// The same of a frame: native ones do.
inline bool is_library(const Frame& frame) { return frame.native || is_library(frame.file); }
// The stack without native frames at its inner end; kNoStack: it has no others.
StackId python_part(const StackTable& table, StackId stack);
// The stack without the frames of libraries at its inner end; kNoStack: it has no others.
StackId own_part(const StackTable& table, StackId stack);
// "is_prime (primes.py:4)": the function, told apart by its first line; "sre_match [_sre]" of a native one
std::string function_name(const Frame& frame, const TargetFacts& target);
// Whose work a stack shows: its innermost function of Python, else kNoPythonFrame, and what that called natively, or
// nothing.
struct Work {
  std::string function;
  std::string native;
};
Work work_of(const StackTable& table, StackId stack, const TargetFacts& target);

// BaseEventLoop._run_once of asyncio.
bool is_event_loop(const Frame& frame);

// "self._lock of Pool", "a dict", "the type lock", "a _thread.lock at 0x7f12": the name, or else what it is.
std::string lock_name(const LockInfo& lock);

// What a thread waits for: "self._lock of Pool, which worker-1 has", "worker-1 to end". `name`: of the lock.
std::string waited_for(LockKind kind, std::string_view name, std::string_view owner);
// "MainThread waits for itself", "worker-1 and worker-2 wait for each other", "3 threads wait for each other"
std::string circle(const std::vector<std::string>& threads);

// The bytes as valid UTF-8; what is not becomes U+FFFD.
std::string valid_utf8(std::string_view bytes);
// The same for a line of text: control characters become spaces, so that a name can neither break a line nor command a
// terminal.
std::string printable(std::string_view bytes);

// What stands for a stack without frames.
inline constexpr std::string_view kNoPythonFrame = "(no Python frame)";

// Unprinted: the bytes that the program gave, or what stands for a name that is not known.
inline std::string_view thread_name(std::string_view name) { return name.empty() ? "(unnamed)" : name; }
inline std::string_view thread_name(const ThreadInfo& thread) { return thread_name(thread.name); }
// The same among the threads of a program: "MainThread of 4711" where there are several processes.
std::string thread_label(const Profile& profile, const ThreadProfile& thread);
// "interpreter 2", "interpreters 0 and 1", "interpreters 0, 1, 2 and 9 more"
std::string interpreters(const std::vector<std::int64_t>& ids);
// "GIL of interpreter 2", "GIL that interpreters 0 and 1 share"; "GIL" of a process that has only one interpreter.
std::string gil_name(const Profile& profile, const GilProfile& gil);
// "interpreter 2, own GIL", "interpreters 0 and 1 share a GIL"; of several processes with the pid.
std::string gil_group(const Profile& profile, const GilProfile& gil);
// argv, paths without their folders; "pid 4711" where it is not known. Unprinted as well.
std::string command(const TargetFacts& target);

}  // namespace gilspy::wording
