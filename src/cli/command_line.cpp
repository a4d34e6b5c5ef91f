#include "command_line.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "complain.h"
#include "gilspy/platform.h"
#include "help_formatter.h"
#include "help_pages.h"
#include "not_yet.h"
#include "spelling.h"
#include "values.h"

namespace gilspy::cli {
namespace {

constexpr const char* kOutput = "Output";  // groups of --help
constexpr const char* kArguments = "Arguments";
constexpr const char* kWhat = "What to record";
constexpr const char* kShows = "What the graph shows";
constexpr const char* kSampling = "Sampling";

}  // namespace

struct CommandLine::Raw {
  std::string pid, output, format = "flamegraph", view, rate = "1khz", gil_rate = "10khz", duration = "unlimited",
                           recording, shell;
  bool output_given = false, format_given = false, gil = false, idle = false, threads = false, nolineno = false,
       function = false, full = false, nonblocking = false, blocking = false, exact = false, json = false;
  std::vector<std::string> command;
  NotYet not_yet;

  Result<OutputOptions> output_options() const;
  Result<Stopping> stopping() const;
  Result<RecordOptions> record() const;
  Result<ReportOptions> report() const;
  Result<DumpOptions> dump() const;

  void add_pid(CLI::App& app, const char* what, const char* group) {
    app.add_option("-p,--pid", pid, what)->type_name("PID")->group(group);
  }

  void add_output(CLI::App& app, std::string_view made_up_name, bool also_streamed) {
    app.add_option(
           "-o,--output", output,
           fmt::format("File to write, - for standard output [{}]; its ending can choose the format", made_up_name))
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
  }

  void add_graph(CLI::App& app) {
    app.add_option("--view", view,
                   "What its width stands for [default: all]\n"
                   "all: thread-time by activity\n"
                   "held: time with the GIL\n"
                   "wait: time waiting for the GIL\n"
                   "blame: the same, at the stack of who held the GIL")
        ->type_name("VIEW")
        ->check(CLI::IsMember({"all", "held", "wait", "blame"}, CLI::ignore_case))
        ->group(kShows);
    app.add_flag("-g,--gil", gil, "Only time with the GIL: the same as --view held")->group(kShows);
    app.add_flag("-i,--idle", idle, "Also threads that are blocked (sleep, I/O, locks)")->group(kShows);
    app.add_flag("-t,--threads", threads, "A thread a root: who did it comes first")->group(kShows);
    app.add_flag("-F,--function", function, "Merge the lines of a function: show its first line")->group(kShows);
    app.add_flag("--nolineno", nolineno, "Merge the lines of a function: show no line")->group(kShows);
    add_full_filenames(app, kShows);
  }

  void add_full_filenames(CLI::App& app, const char* group) {
    app.add_flag("--full-filenames", full, "Whole paths instead of shortened ones")->group(group);
  }

  void add_stopping(CLI::App& app, const char* group) {
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

  void add_record(CLI::App& app) {
    add_pid(app, "Process to record; nothing is written into it", kWhat);
    add_output(app, "gilspy-PID.svg", true);
    add_graph(app);
    app.add_option("-d,--duration", duration, "Seconds to record, or unlimited: until Ctrl-C or its end")
        ->capture_default_str()
        ->type_name("SECONDS")
        ->group(kSampling);
    app.add_option("-r,--rate", rate, "Samples a second: 1000, 1khz, or max for as fast as it goes")
        ->capture_default_str()
        ->type_name("RATE")
        ->group(kSampling);
    app.add_option("--gil-rate", gil_rate,
                   "How often to look at the GIL alone between samples, to date hand-offs: at most so many times a "
                   "second, and for at most 3 % of one CPU; 0 for never")
        ->capture_default_str()
        ->type_name("RATE")
        ->group(kSampling);
    add_stopping(app, kSampling);
    not_yet.add_subprocesses(app);
    not_yet.add_native(app);
  }

  void add_report(CLI::App& app) {
    app.add_option("RECORDING", recording, "File that `gilspy record -f gilspy` wrote, - for standard input")
        ->required()
        ->type_name("FILE")
        ->group(kArguments);
    add_output(app, "RECORDING.svg", false);
    add_graph(app);
  }

  void add_dump(CLI::App& app) {
    add_pid(app, "Process to look at", "Options");
    app.add_flag("-j,--json", json, "JSON, for scripts");
    add_full_filenames(app, "Options");
    add_stopping(app, "Options");
    not_yet.add_subprocesses(app);
    not_yet.add_native(app);
    not_yet.add_locals(app);
    not_yet.add_core(app);
  }

  void add_top(CLI::App& app) {
    add_pid(app, "Process to look at", "Options");
    app.allow_extras();  // whatever is asked of it, there is one answer
  }

  void add_completions(CLI::App& app) {
    app.add_option("SHELL", shell, "bash, zsh or fish")
        ->required()
        ->type_name("SHELL")
        ->group(kArguments)
        ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  }
};

Result<OutputOptions> CommandLine::Raw::output_options() const {
  OutputOptions options;
  options.path = output;
  if (output_given && output.empty()) return fail(ErrorCode::kUsage, "--output is empty; - is standard output");
  // A name that ends as a format's does asks for that format.
  const Format* const named = format_given ? nullptr : formats::of_file(output);
  const bool fits = named != nullptr && (!named->streamed() || recording.empty());  // a report is no recording
  options.format = fits ? named : formats::find(lower_case(format));
  if (options.format == nullptr) return fail(ErrorCode::kUsage, fmt::format("there is no format '{}'", format));
  if (gil && !view.empty() && lower_case(view) != "held") {
    return fail(ErrorCode::kUsage, fmt::format("--gil is --view held and cannot go with --view {}", view));
  }
  if (function && nolineno) {
    return fail(ErrorCode::kUsage, "--function shows a function's first line, --nolineno shows none: take one");
  }
  const std::string wanted = gil ? "held" : lower_case(view);
  options.render.view = wanted == "held"    ? View::kHeld
                        : wanted == "wait"  ? View::kWait
                        : wanted == "blame" ? View::kBlame
                                            : View::kAll;
  options.render.include_blocked = idle;
  options.render.by_thread = threads;
  options.render.line_numbers = !nolineno;
  options.render.by_function = function;
  options.render.full_filenames = full;
  return options;
}

Result<Stopping> CommandLine::Raw::stopping() const {
  if (int{nonblocking} + int{blocking} + int{exact} > 1) {
    return fail(ErrorCode::kUsage, "--nonblocking, --exact and --blocking exclude each other: take one");
  }
  return blocking ? Stopping::kAlways : exact ? Stopping::kToComplete : Stopping::kNever;
}

Result<RecordOptions> CommandLine::Raw::record() const {
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
  if (options.launches() && (options.output.path == "-" || options.output.path == "/dev/stdout")) {
    return fail(ErrorCode::kUsage, "standard output belongs to the command: --output takes a file then");
  }
  if (options.output.format->streamed() && options.output.path == "-" && platform::stdout_is_terminal()) {
    return fail(ErrorCode::kUsage, "a recording is nothing to look at: --output takes a file, or a pipe behind -");
  }
  GILSPY_TRY(options.duration, parse_duration(duration));
  GILSPY_TRY(options.rate_hz, parse_rate(rate));
  GILSPY_TRY(options.gil_rate_hz, parse_gil_rate(gil_rate));
  GILSPY_TRY(options.stopping, stopping());
  return options;
}

Result<ReportOptions> CommandLine::Raw::report() const {
  GILSPY_TRY(OutputOptions chosen, output_options());
  if (chosen.format->streamed()) {
    return fail(ErrorCode::kUsage,
                fmt::format("a recording is already of format {}: report renders the others", chosen.format->name));
  }
  return ReportOptions{recording, std::move(chosen)};
}

Result<DumpOptions> CommandLine::Raw::dump() const {
  DumpOptions options;
  if (pid.empty()) return fail(ErrorCode::kUsage, "dump takes --pid PID");
  GILSPY_TRY(options.pid, parse_pid(pid));
  options.json = json;
  options.full_filenames = full;
  GILSPY_TRY(options.stopping, stopping());
  return options;
}

CommandLine::CommandLine()
    : raw_(std::make_unique<Raw>()),
      app_(std::make_unique<CLI::App>(
          "gilspy tells which thread holds the GIL, which threads wait for it and who makes them wait, in a running "
          "CPython.",
          "gilspy")) {
  const std::size_t width = help_width();
  const auto command = [&](const char* name, const char* what, HelpPage page) -> CLI::App& {
    CLI::App& app = *app_->add_subcommand(name, what);
    app.formatter(std::make_shared<HelpFormatter>(std::move(page), width));
    return app;
  };
  app_->set_help_flag("-h,--help", "Print this help and exit");
  app_->set_version_flag("-V,--version", "gilspy " GILSPY_VERSION, "Print the version and exit");
  app_->require_subcommand(1);
  app_->formatter(std::make_shared<HelpFormatter>(main_page(), width));
  raw_->add_record(command("record", "Record a running process, or launch one: a flame graph, numbers", record_page()));
  raw_->add_report(command("report", "Render a recording: as a flame graph, as numbers", report_page()));
  raw_->add_dump(command("dump", "Print what every thread is doing now, with its stack", dump_page()));
  raw_->add_top(command("top", "Not there yet: what every thread is doing, live", top_page()));
  raw_->add_completions(command("completions", "Print completions for a shell: bash, zsh or fish", completions_page()));
}

CommandLine::~CommandLine() = default;

Command CommandLine::parse(int argc, char** argv) {
  std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  if (words.empty()) {
    std::fputs(app_->help().c_str(), stderr);
    return Exit{kExitUsage};
  }
  if (!words.front().starts_with('-')) {
    const auto name = command_named(*app_, words.front());
    if (!name.has_value()) {
      say(no_such_command(*app_, words.front()));
      return Exit{kExitUsage};
    }
    words.front() = *name;
  }
  // To a report, -- is what it is to most programs: the end of the options.
  const bool is_report = words.front() == "report";
  const auto separator = is_report ? words.end() : std::find(words.begin(), words.end(), "--");
  const bool separated = separator != words.end();
  if (separated) raw_->command.assign(separator + 1, words.end());
  words.erase(separator, words.end());
  const bool launches = !words.empty() && words.front() == "record";
  if (separated && !launches) {
    const std::string who = words.empty() || words.front().starts_with('-') ? "that" : words.front();
    say(fmt::format("only record launches a command, {} does not: `gilspy record -- {}`", who,
                    fmt::join(raw_->command, " ")));
    return Exit{kExitUsage};
  }
  // What goes wrong before a command is launched is a failure of ours, as with env(1) and timeout(1).
  const auto refuse = [&](const std::string& what) {
    say(what);
    return Exit{separated && launches ? kExitLauncher : kExitUsage};
  };
  try {
    std::vector<std::string> backwards(words.rbegin(), words.rend());  // as CLI11 takes them
    app_->parse(std::move(backwards));
  } catch (const CLI::Success& done) {
    return Exit{app_->exit(done)};
  } catch (const CLI::ParseError& error) {
    return refuse(explain(error));
  }
  return chosen_command(refuse);
}

// What CLI11 says about a mistake, or better, what was probably meant.
std::string CommandLine::explain(const CLI::ParseError& error) const {
  const auto commands = app_->get_subcommands();
  const std::string name = commands.empty() ? "" : commands.front()->get_name();
  const bool unclear = !commands.empty();
  const std::string hint = unclear ? hint_about(name, commands.front()->remaining()) : "";
  if (!hint.empty()) return hint;
  return fmt::format("{} (gilspy {}{}--help shows how)", error.what(), name, name.empty() ? "" : " ");
}

Command CommandLine::chosen_command(const std::function<Exit(const std::string&)>& refuse) {
  const CLI::App& chosen = *app_->get_subcommands().front();
  const std::string& name = chosen.get_name();
  if (const std::string complaint = raw_->not_yet.complaint(); !complaint.empty()) return refuse(complaint);
  const auto command = [&](auto options) -> Command {
    if (!options.has_value()) return refuse(options.error().message());
    return std::move(*options);
  };
  if (name == "completions") return CompletionsOptions{raw_->shell};
  if (name == "top") return TopOptions{raw_->pid};
  if (name == "dump") return command(raw_->dump());
  raw_->output_given = chosen.count("--output") > 0;
  raw_->format_given = chosen.count("--format") > 0;
  if (name == "record") return command(raw_->record());
  return command(raw_->report());
}

}  // namespace gilspy::cli
