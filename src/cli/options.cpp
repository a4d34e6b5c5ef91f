#include "options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "exit_codes.h"

namespace gilspy::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  gilspy record --pid 4242                    until Ctrl-C or the end of the process: an SVG and a summary
  gilspy record --pid 4242 -d 10 -o gil.svg   ten seconds
  gilspy record --pid 4242 --view blame       who makes others wait: what to fix first
  gilspy record --pid 4242 -f json -o -       numbers for scripts, on standard output
  gilspy record --pid 4242 -f folded -t       folded stacks, a thread each, for other flame graph tools)";

constexpr const char* kExitCodes = R"(Exit status:
  0   recorded and written (also when the process ended or replaced itself while it was recorded)
  64  the command line is wrong
  65  the recording cannot be read
  66  there is no such process, or it ended before the first sample
  69  not a CPython, or a build that gilspy has no layout for
  70  gilspy itself failed
  74  the output cannot be written
  77  not permitted; the message says what to run)";

struct Raw {  // as typed
  std::string pid, output, format = "flamegraph", view, rate = "1khz", duration = "unlimited";
  bool output_given = false, gil = false, idle = false, threads = false, nolineno = false, function = false,
       full = false, nonblocking = false;
};

std::string format_names() {
  std::string list;
  for (const Format& format : formats::all()) list += (list.empty() ? "" : ", ") + std::string(format.name);
  return list;
}

void add_record(CLI::App& record, Raw& raw) {
  record.add_option("-p,--pid", raw.pid, "Process to record; nobody is stopped, nothing is written into it")
      ->required()
      ->type_name("PID");
  record.add_option("-o,--output", raw.output, "File to write, - for standard output [gilspy-PID.svg]")
      ->type_name("FILE");
  std::string formats = "Output format:";
  for (const Format& format : formats::all()) formats += fmt::format(" {} ({});", format.name, format.summary);
  formats.pop_back();
  record.add_option("-f,--format", raw.format, formats)->capture_default_str()->type_name("FORMAT");
  record
      .add_option("-d,--duration", raw.duration, "Seconds to record, or unlimited: until Ctrl-C or the process's end")
      ->capture_default_str()
      ->type_name("SECONDS");
  record.add_option("-r,--rate", raw.rate, "Samples a second: 1000, 1khz, or max for as fast as it goes")
      ->capture_default_str()
      ->type_name("RATE");
  record
      .add_option("--view", raw.view,
                  "What the graph's width stands for: all (thread-time by activity), held (time with the GIL), wait "
                  "(time waiting for it), blame (waiting, at the stack of who held the GIL meanwhile) [all]")
      ->type_name("VIEW")
      ->check(CLI::IsMember({"all", "held", "wait", "blame"}));
  record.add_flag("-g,--gil", raw.gil, "Only time with the GIL: the same as --view held");
  record.add_flag("-i,--idle", raw.idle, "Also show threads that are blocked (sleep, I/O, locks)");
  record.add_flag("-t,--threads", raw.threads, "A thread a root: who did it comes first");
  record.add_flag("-F,--function", raw.function, "Merge the lines of a function: show its first line");
  record.add_flag("--nolineno", raw.nolineno, "Merge the lines of a function: show no line");
  record.add_flag("--full-filenames", raw.full, "Whole paths instead of shortened ones");
  record.add_flag("--nonblocking", raw.nonblocking, "Never stop the process (gilspy never does; accepted for scripts)");
}

int complain(const std::string& what) {
  std::fputs(fmt::format("gilspy: {}\n", what).c_str(), stderr);
  return kExitUsage;
}

Result<Pid> parse_pid(const std::string& text) {
  std::int32_t pid = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
  if (error != std::errc() || end != text.data() + text.size() || pid <= 0) {
    return fail(ErrorCode::kUsage, fmt::format("--pid takes the number of a process, not '{}'", text));
  }
  return static_cast<Pid>(pid);
}

Result<std::optional<Nanos>> parse_duration(const std::string& text) {
  if (text == "unlimited") return std::optional<Nanos>();
  double seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size() || !(seconds > 0) || seconds > 1e9) {
    return fail(ErrorCode::kUsage, fmt::format("--duration takes a number of seconds or unlimited, not '{}'", text));
  }
  return std::optional<Nanos>(std::chrono::duration_cast<Nanos>(std::chrono::duration<double>(seconds)));
}

Result<RecordOptions> resolve(const Raw& raw) {
  RecordOptions options;
  GILSPY_TRY(options.pid, parse_pid(raw.pid));
  options.output = raw.output;
  if (raw.output_given && raw.output.empty()) return fail(ErrorCode::kUsage, "--output is empty; - is standard output");
  options.format = formats::find(raw.format);
  if (options.format == nullptr) {
    return fail(ErrorCode::kUsage, fmt::format("there is no format '{}'; there are {}", raw.format, format_names()));
  }
  GILSPY_TRY(options.duration, parse_duration(raw.duration));
  GILSPY_TRY(options.rate_hz, parse_rate(raw.rate));
  if (raw.gil && !raw.view.empty() && raw.view != "held") {
    return fail(ErrorCode::kUsage, fmt::format("--gil is --view held and cannot go with --view {}", raw.view));
  }
  if (raw.function && raw.nolineno) {
    return fail(ErrorCode::kUsage, "--function shows a function's first line, --nolineno shows none: take one");
  }
  const std::string view = raw.gil ? "held" : raw.view;
  options.render.view = view == "held"    ? View::kHeld
                        : view == "wait"  ? View::kWait
                        : view == "blame" ? View::kBlame
                                          : View::kAll;
  options.render.include_blocked = raw.idle;
  options.render.by_thread = raw.threads;
  options.render.line_numbers = !raw.nolineno;
  options.render.by_function = raw.function;
  options.render.full_filenames = raw.full;
  return options;
}

}  // namespace

Result<double> parse_rate(const std::string& text) {
  constexpr double kFastest = 1e6;
  std::string lower = text;
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (lower == "max") return 0.0;
  double number = 0;
  const auto [end, error] = std::from_chars(lower.data(), lower.data() + lower.size(), number);
  const std::string unit = lower.substr(static_cast<std::size_t>(end - lower.data()));
  if (unit == "k" || unit == "khz") number *= 1000;
  const bool known = unit.empty() || unit == "hz" || unit == "k" || unit == "khz";
  if (error != std::errc() || !known || !(number >= 0.1) || number > kFastest) {
    return fail(ErrorCode::kUsage,
                fmt::format("--rate takes 0.1 to 1000000 samples a second (1000, 250hz, 1khz) or max, not '{}'", text));
  }
  return number;
}

std::variant<RecordOptions, Exit> parse_command_line(int argc, char** argv) {
  Raw raw;
  CLI::App app{
      "gilspy tells which thread holds the GIL, which threads wait for it and who makes them wait, in a running "
      "CPython.",
      "gilspy"};
  app.set_version_flag("-V,--version", "gilspy " GILSPY_VERSION);
  app.require_subcommand(1);
  app.footer(std::string(kExamples) + "\n\n" + kExitCodes);
  CLI::App* const record = app.add_subcommand("record", "Record a running process and write a flame graph or numbers");
  record->footer(std::string(kExamples) + "\n\n" + kExitCodes);
  add_record(*record, raw);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& done) {
    return Exit{app.exit(done)};
  } catch (const CLI::ParseError& error) {
    return Exit{complain(std::string(error.what()) + " (gilspy --help shows how)")};
  }
  raw.output_given = record->count("--output") > 0;
  auto options = resolve(raw);
  if (!options.has_value()) return Exit{complain(options.error().message())};
  return std::move(*options);
}

}  // namespace gilspy::cli
