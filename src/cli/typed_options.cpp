#include "typed_options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <tuple>
#include <utility>

#include "gilspy/platform.h"
#include "spelling.h"
#include "values.h"

namespace gilspy::cli {
namespace {

constexpr const char* kOutput = "Output";  // groups of --help
constexpr const char* kArguments = "Arguments";
constexpr const char* kWhat = "What to record";
constexpr const char* kShows = "What the graph shows";
constexpr const char* kIdle = "Also threads that are blocked (sleep, I/O, locks)";
constexpr const char* kSampling = "Sampling";

// Native stacks take a stop each: at this rate they cost the target less than 1 % of its time.
constexpr const char* kRate = "1khz";
constexpr const char* kNativeRate = "100";

bool is_on(NativeFrames native) { return native != NativeFrames::kNone; }

bool is_stdout(const std::string& path) { return path == "-" || path == "/dev/stdout"; }

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    text += (i == 0 ? "" : i + 1 < words.size() ? ", " : " and ") + words[i];
  }
  return text;
}

// What lasts for less than a long context is not kept by recordings.
Result<Nanos> parse_loop_threshold(const std::string& text) {
  GILSPY_TRY(const double seconds, parse_time(text, "--loop-threshold"));
  const Nanos threshold(static_cast<std::int64_t>(std::llround(seconds * 1e9)));
  if (threshold >= kLongContext) return threshold;
  return fail(ErrorCode::kUsage,
              fmt::format("--loop-threshold takes 50ms or more, not {}: shorter callbacks are not told apart", text));
}

}  // namespace

void TypedOptions::add_pid(CLI::App& app, const char* what, const char* group) {
  app.add_option("-p,--pid", pid, what)->type_name("PID")->group(group);
}

void TypedOptions::add_output(CLI::App& app, std::string_view made_up_name, bool also_streamed) {
  app.add_option("-o,--output", output,
                 fmt::format("File to write, - for standard output [{}]; without --format, its ending chooses one: {}",
                             made_up_name, formats::endings(also_streamed)))
      ->type_name("FILE")
      ->group(kOutput);
  std::string formats = "What to write";
  std::vector<std::string> names;
  for (const Format& row : formats::all()) {
    if (row.streamed() && !also_streamed) continue;
    formats += fmt::format("\n{}: {}", row.name, row.summary);
    names.emplace_back(row.name);
  }
  app.add_option("-f,--format", format, formats)
      ->capture_default_str()
      ->type_name("FORMAT")
      ->check(CLI::IsMember(names, CLI::ignore_case))
      ->group(kOutput);
  app.add_option("--link", link, "URL of the whole report, for the last line of --format markdown")
      ->type_name("URL")
      ->group(kOutput);
}

void TypedOptions::add_view(CLI::App& app) {
  app.add_option("--view", view,
                 "What its width stands for [default: all]\n"
                 "all: thread-time by activity\n"
                 "held: time with the GIL\n"
                 "wait: time waiting for the GIL\n"
                 "blame: the same, at the stack of who held the GIL")
      ->type_name("VIEW")
      ->check(CLI::IsMember({"all", "held", "wait", "blame"}, CLI::ignore_case))
      ->group(kShows);
}

void TypedOptions::add_graph(CLI::App& app) {
  add_view(app);
  app.add_flag("-g,--gil", gil, "Only time with the GIL: the same as --view held")->group(kShows);
  app.add_flag("-i,--idle", idle, kIdle)->group(kShows);
  app.add_flag("-t,--threads", threads, "A thread a root: who did it comes first")->group(kShows);
  app.add_flag("-F,--function", function, "Merge the lines of a function: show its first line")->group(kShows);
  app.add_flag("--nolineno", nolineno, "Merge the lines of a function: show no line")->group(kShows);
  add_full_filenames(app, kShows);
}

void TypedOptions::add_loop_threshold(CLI::App& app) {
  app.add_option("--loop-threshold", loop_threshold,
                 "How long a callback may keep an asyncio event loop before it counts as blocked, 50ms or more")
      ->capture_default_str()
      ->type_name("TIME")
      ->group("What the verdict says");
}

void TypedOptions::add_full_filenames(CLI::App& app, const char* group) {
  app.add_flag("--full-filenames", full, "Whole paths instead of shortened ones")->group(group);
}

void TypedOptions::add_stopping(CLI::App& app, const char* group) {
  app.add_flag("--nonblocking", nonblocking,
               "Stop nobody: the default. A stack that changes while it is read lacks its last frames")
      ->group(group);
  app.add_flag("--exact", exact, "Stop who holds the GIL for a moment, only when a stack came out truncated")
      ->group(group);
  app.add_flag("--blocking", blocking,
               "Stop who holds the GIL for a moment (30 to 100 us) at every sample, without a GIL all who run: every "
               "stack is exact")
      ->group(group);
}

void TypedOptions::add_native(CLI::App& app, const char* group) {
  app.add_flag(
         "-n,--native", native,
         "Functions of C, C++ and Rust as well, from a thread's first to the system call that it is blocked in. A "
         "thread that runs is stopped alone for a moment (mostly 50 to 90 us) to copy its stack")
      ->group(group);
  app.add_flag("--native-all", native_all, "The same with those by which the interpreter calls others")->group(group);
}

void TypedOptions::add_verbose(CLI::App& app, const char* group) {
  app.add_flag("-v,--verbose", verbose,
               "Say on standard error which rights gilspy keeps while it reads, and why, and which it gives up")
      ->group(group);
}

void TypedOptions::add_locals(CLI::App& app, const char* group) {
  app.add_flag("-l,--locals", locals,
               "The variables of every frame of Python; twice (-ll): longer values, and what objects have in them. "
               "Values can be secrets: look before you pass them on")
      ->group(group);
}

void TypedOptions::add_record(CLI::App& app) {
  add_pid(app, "Process to record; nothing is written into it", kWhat);
  add_output(app, "gilspy-PID.svg", true);
  add_graph(app);
  app.add_option("-d,--duration", duration, "Seconds to record, or unlimited: until Ctrl-C or its end")
      ->capture_default_str()
      ->type_name("SECONDS")
      ->group(kSampling);
  app.add_option("-r,--rate", rate,
                 "Samples a second: 1000, 1khz, or max for as fast as it goes [1khz, with --native 100]")
      ->type_name("RATE")
      ->group(kSampling);
  app.add_option("--gil-rate", gil_rate,
                 "How often to look at the GIL alone between samples, to date hand-offs: at most so many times a "
                 "second, and for at most 0.5 % of one CPU; 0 for never")
      ->capture_default_str()
      ->type_name("RATE")
      ->group(kSampling);
  add_stopping(app, kSampling);
  add_verbose(app, kSampling);
  app.add_flag("-s,--subprocesses", subprocesses,
               "Also the processes that it starts, and theirs, as they come and go: one recording of all")
      ->group(kWhat);
  app.add_option("--async", tasks,
                 "Tasks of asyncio in stacks\n"
                 "running: a frame for the task that a loop runs, inside of those that await it\n"
                 "all: tasks that wait as well, with task-time, in flamegraph, folded and json")
      ->type_name("WHICH")
      ->check(CLI::IsMember({"running", "all"}, CLI::ignore_case))
      ->group(kWhat);
  add_native(app, kWhat);
  add_loop_threshold(app);
}

void TypedOptions::add_report(CLI::App& app) {
  app.add_option("RECORDING", recording, "File that `gilspy record -f gilspy` wrote, - for standard input")
      ->required()
      ->type_name("FILE")
      ->group(kArguments);
  add_output(app, "RECORDING.svg", false);
  add_graph(app);
  add_loop_threshold(app);
}

void TypedOptions::add_diff(CLI::App& app) {
  for (auto [name, what, into] : {std::tuple("BASE", "Recording of before the change, - for standard input", &base),
                                  std::tuple("HEAD", "Recording of after the change", &head)}) {
    app.add_option(name, *into, what)->required()->type_name("FILE")->group(kArguments);
  }
  std::string formats = "What to write", endings;
  std::vector<std::string> names;
  for (const ComparisonFormat& row : formats::of_comparisons()) {
    formats += fmt::format("\n{}: {}", row.name, row.summary);
    endings += (endings.empty() ? "" : ", ") + std::string(row.extension);
    names.emplace_back(row.name);
  }
  app.add_option("-o,--output", output,
                 fmt::format("File to write, - for standard output [HEAD-diff.svg]; without --format, its ending "
                             "chooses one: {}",
                             endings))
      ->type_name("FILE")
      ->group(kOutput);
  app.add_option("-f,--format", format, formats)
      ->capture_default_str()
      ->type_name("FORMAT")
      ->check(CLI::IsMember(names, CLI::ignore_case))
      ->group(kOutput);
  app.add_option(
         "--work", work,
         "How much was done in BASE and in HEAD, as 1200:1350 (requests, rows): figures become milliseconds for "
         "each; 1:1 compares whole runs")
      ->type_name("COUNTS")
      ->group("What to compare");
  add_view(app);
  app.add_flag("-i,--idle", idle, kIdle)->group(kShows);
  app.add_flag("--negate", negate, "Widths of BASE instead of HEAD: shows what is gone. Red is still more in HEAD")
      ->group(kShows);
}

void TypedOptions::add_dump(CLI::App& app) {
  add_pid(app, "Process to look at", "Options");
  app.add_option("-c,--core", core, "Core file to look at instead: a process that crashed, or a copy of one (gcore)")
      ->type_name("FILE")
      ->group("Options");
  app.add_option("--executable", executable, "The program of the core, where it is not where the process ran it")
      ->type_name("FILE")
      ->group("Options");
  app.add_option("--sysroot", sysroot, "The folder that the process of the core had as /, or a copy: of a container")
      ->type_name("DIR")
      ->group("Options");
  app.add_flag("-j,--json", json, "JSON, for scripts");
  add_full_filenames(app, "Options");
  add_stopping(app, "Options");
  app.add_flag("-s,--subprocesses", subprocesses)->group("");  // not listed: of record, and typed here out of habit
  add_native(app, "Options");
  add_locals(app, "Options");
  add_verbose(app, "Options");
}

void TypedOptions::add_top(CLI::App& app) {
  add_pid(app, "Process to look at", "Options");
  app.allow_extras();  // whatever is asked of it, there is one answer
}

void TypedOptions::add_completions(CLI::App& app) {
  app.add_option("SHELL", shell, "bash, zsh or fish")
      ->required()
      ->type_name("SHELL")
      ->group(kArguments)
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
}

// A name that ends as a format's does asks for that format; one with another ending asks for something that there is
// not.
Result<const Format*> TypedOptions::chosen_format() const {
  const Format* const asked = formats::find(lower_case(format));
  const std::string ending = std::filesystem::path(output).extension();
  const Format* const named = format_given ? nullptr : formats::of_file(output);
  if (named != nullptr) return named;
  if (format_given || ending.empty()) return asked;
  return fail(ErrorCode::kUsage, fmt::format("no format has the ending {}: {} do, or --format says which it is", ending,
                                             formats::endings(recording.empty())));
}

Result<const ComparisonFormat*> TypedOptions::chosen_comparison_format() const {
  const ComparisonFormat* const asked = formats::find_comparison(lower_case(format));
  const std::string ending = std::filesystem::path(output).extension();
  const ComparisonFormat* const named = format_given ? nullptr : formats::comparison_of_file(output);
  if (named != nullptr) return named;
  if (format_given || ending.empty()) return asked;
  return fail(
      ErrorCode::kUsage,
      fmt::format("a comparison cannot be written as {}: as .svg, .json or .md, or --format says which it is", ending));
}

View TypedOptions::chosen_view() const {
  const std::string wanted = gil ? "held" : lower_case(view);
  return wanted == "held"    ? View::kHeld
         : wanted == "wait"  ? View::kWait
         : wanted == "blame" ? View::kBlame
                             : View::kAll;
}

Result<OutputOptions> TypedOptions::output_options() const {
  OutputOptions options;
  options.path = output;
  if (output_given && output.empty()) return fail(ErrorCode::kUsage, "--output is empty; - is standard output");
  GILSPY_TRY(options.format, chosen_format());
  if (options.format == nullptr) return fail(ErrorCode::kUsage, fmt::format("there is no format '{}'", format));
  if (options.format->binary && is_stdout(output) && platform::stdout_is_terminal()) {
    return fail(ErrorCode::kUsage, fmt::format("{} is nothing to look at: --output takes a file, or a pipe behind -",
                                               options.format->name));
  }
  if (gil && !view.empty() && lower_case(view) != "held") {
    return fail(ErrorCode::kUsage, fmt::format("--gil is --view held and cannot go with --view {}", view));
  }
  if (function && nolineno) {
    return fail(ErrorCode::kUsage, "--function shows a function's first line, --nolineno shows none: take one");
  }
  if (!link.empty()) {
    GILSPY_TRY(options.render.link, parse_link(link));
    if (options.format->name != "markdown") {
      return fail(ErrorCode::kUsage,
                  fmt::format("--link goes with --format markdown, not with {}", options.format->name));
    }
  }
  GILSPY_TRY(options.loop_threshold, parse_loop_threshold(loop_threshold));
  options.render.view = chosen_view();
  options.render.include_blocked = idle;
  options.render.by_thread = threads;
  options.render.line_numbers = !nolineno;
  options.render.by_function = function;
  options.render.full_filenames = full;
  return options;
}

Result<Stopping> TypedOptions::stopping() const {
  if (int{nonblocking} + int{blocking} + int{exact} > 1) {
    return fail(ErrorCode::kUsage, "--nonblocking, --exact and --blocking exclude each other: take one");
  }
  return blocking ? Stopping::kAlways : exact ? Stopping::kToComplete : Stopping::kNever;
}

Result<RecordOptions> TypedOptions::record() const {
  RecordOptions options;
  if (pid.empty() == command.empty()) {
    return fail(ErrorCode::kUsage, pid.empty() ? "record takes --pid PID, or -- COMMAND to launch"
                                               : "record takes --pid PID or -- COMMAND, not both");
  }
  if (!pid.empty()) {
    GILSPY_TRY(options.pid, parse_pid(pid));
  }
  options.command = command;
  GILSPY_TRY(options.output, output_options());
  if (options.launches() && is_stdout(options.output.path)) {
    return fail(ErrorCode::kUsage, "standard output belongs to the command: --output takes a file then");
  }
  GILSPY_TRY(options.duration, parse_duration(duration));
  GILSPY_TRY(options.native, native_frames());
  GILSPY_TRY(options.rate_hz, parse_rate(!rate.empty() ? rate : is_on(options.native) ? kNativeRate : kRate));
  GILSPY_TRY(options.gil_rate_hz, parse_gil_rate(gil_rate));
  GILSPY_TRY(options.stopping, stopping());
  options.subprocesses = subprocesses;
  options.verbose = verbose;
  const std::string which = lower_case(tasks);
  options.tasks = which == "all" ? AsyncTasks::kAll : which == "running" ? AsyncTasks::kRunning : AsyncTasks::kNone;
  if (is_on(options.native) && options.tasks != AsyncTasks::kNone) {
    return fail(ErrorCode::kUsage, "stacks have either the tasks of --async or native functions: take one");
  }
  return options;
}

Result<NativeFrames> TypedOptions::native_frames() const {
  if (!native && !native_all) return NativeFrames::kNone;
  if (nonblocking) {
    return fail(ErrorCode::kUsage,
                "--native stops threads that run for a moment, --nonblocking stops nobody: take one");
  }
  return native_all ? NativeFrames::kAll : NativeFrames::kShort;
}

// A name that nearly has the ending of another format: "x.firefox.json", "trace.json".
std::string TypedOptions::hint_about_name(const Format& chosen) const {
  if (format_given || output.empty()) return {};
  const std::string name = "." + lower_case(std::filesystem::path(output).filename().string());
  for (const Format& row : formats::all()) {
    if (row.extension.size() <= chosen.extension.size()) continue;
    if (!name.ends_with(row.extension) && !(name + ".gz").ends_with(row.extension)) continue;
    return fmt::format("{} will be {}; a name that ends in {} is {}, or --format says so", output, chosen.name,
                       row.extension, row.name);
  }
  return {};
}

std::string TypedOptions::hint_about_options(const Format& chosen) const {
  std::vector<std::string> idle_ones;
  const auto look_at = [&](bool is_given, bool has_effect, const char* option) {
    if (is_given && !has_effect) idle_ones.emplace_back(option);
  };
  look_at(!view.empty(), chosen.uses.view, "--view");
  look_at(gil, chosen.uses.view, "--gil");
  look_at(idle, chosen.uses.idle, "--idle");
  look_at(threads, chosen.uses.threads, "--threads");
  look_at(function, chosen.uses.lines, "--function");
  look_at(nolineno, chosen.uses.lines, "--nolineno");
  look_at(full, chosen.uses.filenames, "--full-filenames");
  if (idle_ones.empty()) return {};
  const bool is_one = idle_ones.size() == 1;
  return fmt::format("{} {} no effect on {}{}", joined(idle_ones), is_one ? "has" : "have",
                     chosen.streamed() ? "a recording" : chosen.name,
                     !chosen.streamed() ? ""
                     : is_one           ? ": `gilspy report` takes it"
                                        : ": `gilspy report` takes them");
}

std::vector<std::string> TypedOptions::hints() const {
  const auto chosen = chosen_format();
  if (!chosen.has_value() || *chosen == nullptr) return {};
  std::vector<std::string> lines{hint_about_name(**chosen), hint_about_options(**chosen)};
  std::erase(lines, "");
  return lines;
}

Result<ReportOptions> TypedOptions::report() const {
  GILSPY_TRY(OutputOptions chosen, output_options());
  if (chosen.format->streamed()) {
    return fail(ErrorCode::kUsage,
                fmt::format("a recording is already of format {}: report renders the others", chosen.format->name));
  }
  return ReportOptions{recording, std::move(chosen)};
}

Result<DiffOptions> TypedOptions::diff() const {
  DiffOptions options;
  if (base == "-" && head == "-") return fail(ErrorCode::kUsage, "only one of BASE and HEAD can be standard input");
  if (output_given && output.empty()) return fail(ErrorCode::kUsage, "--output is empty; - is standard output");
  options.base = base;
  options.head = head;
  options.path = output;
  GILSPY_TRY(options.format, chosen_comparison_format());
  options.render.view = chosen_view();
  options.render.include_blocked = idle;
  options.render.negate = negate;
  GILSPY_TRY(options.work, parse_work(work));
  return options;
}

Result<DumpOptions> TypedOptions::dump() const {
  DumpOptions options;
  if (subprocesses) return fail(ErrorCode::kUsage, "dump shows one process: --subprocesses is for record");
  if (pid.empty() == core.empty()) {
    return fail(ErrorCode::kUsage,
                pid.empty() ? "dump takes --pid PID, or --core FILE" : "dump takes --pid PID or --core FILE, not both");
  }
  if (core.empty() && !(executable.empty() && sysroot.empty())) {
    return fail(ErrorCode::kUsage, "--executable and --sysroot go with --core: of a process they are known");
  }
  if (!core.empty() && (blocking || exact)) {
    return fail(ErrorCode::kUsage, "a core stands still: --blocking and --exact are for processes");
  }
  options.core = core;
  options.executable = executable;
  if (!sysroot.empty()) options.sysroot = sysroot;
  if (!pid.empty()) {
    GILSPY_TRY(options.pid, parse_pid(pid));
  }
  options.json = json;
  options.full_filenames = full;
  options.verbose = verbose;
  GILSPY_TRY(options.stopping, stopping());
  GILSPY_TRY(options.native, native_frames());
  options.variables = locals > 1 ? VariableDetail::kFull : locals > 0 ? VariableDetail::kShort : VariableDetail::kNone;
  return options;
}

}  // namespace gilspy::cli
