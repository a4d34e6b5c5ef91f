// formats: how a profile leaves the program. One row a format; a renderer turns a finished profile into bytes and reads
// no clock, no file and no environment.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "gilspy/byte_sink.h"
#include "gilspy/profile.h"
#include "gilspy/verdict.h"

namespace gilspy {

enum class View : std::uint8_t { kAll, kHeld, kWait, kBlame };

struct RenderOptions {
  View view = View::kAll;
  bool include_blocked = false;  // -i/--idle
  bool by_thread = false;        // -t/--threads: the thread is the first frame
  bool line_numbers = true;      // off with --nolineno
  bool by_function = false;      // -F/--function: the line is the function's first
  bool full_filenames = false;
  bool native = true;  // functions that are not of Python, where they were recorded
  std::string link;    // --link: where the whole report is, an http or https URL; empty: nobody said
};

// Which of them change what a format shows.
struct UsedOptions {
  bool view = false;
  bool idle = false;
  bool threads = false;
  bool lines = false;  // --function and --nolineno
  bool filenames = false;
};

struct Format {
  std::string_view name;       // "folded"
  std::string_view extension;  // ".folded"
  std::string_view summary;    // for --help
  // nullptr: not made from a profile, but written while samples are taken.
  void (*write)(const Profile& profile, const Verdict& verdict, const RenderOptions& options, ByteSink& to);
  UsedOptions uses;
  bool binary = false;  // nothing for a terminal

  bool streamed() const { return write == nullptr; }
  // All of it at once.
  std::string render(const Profile& profile, const Verdict& verdict, const RenderOptions& options) const;
};

namespace formats {

std::span<const Format> all();
const Format* find(std::string_view name);  // nullptr when there is none
// By the extension of the file, the longest that fits; nullptr when no format has it.
const Format* of_file(std::string_view path);
// ".svg, .html, ..."; without those that are streamed, if so.
std::string endings(bool also_streamed);

}  // namespace formats
}  // namespace gilspy
