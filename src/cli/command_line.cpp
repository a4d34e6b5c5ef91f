#include "command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstring>

#include "complain.h"
#include "gilspy/platform.h"
#include "values.h"

namespace gilspy::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  gilspy record --pid 4242                    until Ctrl-C or the end of the process: an SVG and a summary
  gilspy record -- python app.py              start a program and record it to its end
  gilspy record --pid 4242 -d 10 -o gil.svg   ten seconds
  gilspy record --pid 4242 --view blame       who makes others wait: what to fix first
  gilspy record --pid 4242 -f gilspy          a recording; `gilspy report` renders it, as often as you like
  gilspy dump --pid 4242                      what every thread is doing now)";

constexpr const char* kRecordExamples = R"(Examples:
  gilspy record --pid 4242                    until Ctrl-C or the end of the process: an SVG and a summary
  gilspy record -- python app.py              start a program and record it to its end
  gilspy record --pid 4242 -d 10 -o gil.svg   ten seconds
  gilspy record --pid 4242 --view blame       who makes others wait: what to fix first
  gilspy record --pid 4242 -f json -o -       numbers for scripts, on standard output
  gilspy record --pid 4242 -f folded -t       folded stacks, a thread each, for other flame graph tools
  gilspy record --pid 4242 -f gilspy          everything, for `gilspy report` to render later)";

constexpr const char* kReportExamples = R"(Examples:
  gilspy report gilspy-4242.gilspy                          a flame graph and the summary
  gilspy report gilspy-4242.gilspy --view blame -o who.svg  another view of the same recording
  gilspy report gilspy-4242.gilspy -f json -o -             numbers for scripts, on standard output)";

constexpr const char* kDumpExamples = R"(Examples:
  gilspy dump --pid 4242      every thread: what it is doing, whom it waits for, its stack
  gilspy dump --pid 4242 -j   the same as JSON)";

constexpr const char* kExitCodes = R"(Exit status:
  0   recorded and written (also when the process ended or replaced itself while it was recorded)
  64  the command line is wrong
  65  the recording cannot be read
  66  there is no such process, or it ended before the first sample
  69  not a CPython, or a build that gilspy has no layout for
  70  gilspy itself failed
  74  the output cannot be written
  77  not permitted; the message says what to run
With a command to launch: the command's own, 128 + N when signal N ended it, 125 when gilspy failed.)";

std::string format_names() {
  std::string list;
  for (const Format& format : formats::all()) list += (list.empty() ? "" : ", ") + std::string(format.name);
  return list;
}

}  // namespace

struct CommandLine::Raw {
  std::string pid, output, format = "flamegraph", view, rate = "1khz", duration = "unlimited", recording, shell;
  bool output_given = false, gil = false, idle = false, threads = false, nolineno = false, function = false,
       full = false, nonblocking = false, blocking = false, exact = false, json = false;
  std::vector<std::string> command;

  Result<OutputOptions> output_options() const;
  Result<Stopping> stopping() const;
  Result<RecordOptions> record() const;
  Result<ReportOptions> report() const;
  Result<DumpOptions> dump() const;

  void add_output(CLI::App& app, std::string_view made_up_name) {
    app.add_option("-o,--output", output, fmt::format("File to write, - for standard output [{}]", made_up_name))
        ->type_name("FILE");
    std::string formats = "Output format:";
    for (const Format& row : formats::all()) formats += fmt::format(" {} ({});", row.name, row.summary);
    formats.pop_back();
    app.add_option("-f,--format", format, formats)->capture_default_str()->type_name("FORMAT");
    app.add_option("--view", view,
                   "What the graph's width stands for: all (thread-time by activity), held (time with the GIL), wait "
                   "(time waiting for it), blame (waiting, at the stack of who held the GIL meanwhile) [all]")
        ->type_name("VIEW")
        ->check(CLI::IsMember({"all", "held", "wait", "blame"}));
    app.add_flag("-g,--gil", gil, "Only time with the GIL: the same as --view held");
    app.add_flag("-i,--idle", idle, "Also show threads that are blocked (sleep, I/O, locks)");
    app.add_flag("-t,--threads", threads, "A thread a root: who did it comes first");
    app.add_flag("-F,--function", function, "Merge the lines of a function: show its first line");
    app.add_flag("--nolineno", nolineno, "Merge the lines of a function: show no line");
    add_full_filenames(app);
  }

  void add_full_filenames(CLI::App& app) {
    app.add_flag("--full-filenames", full, "Whole paths instead of shortened ones");
  }

  void add_stopping(CLI::App& app) {
    app.add_flag("--nonblocking", nonblocking,
                 "Never stop anybody: the default. A stack that changes while it is read loses its last frames");
    app.add_flag("--exact", exact, "Stop who holds the GIL (some 30 us) only when a stack came out truncated");
    app.add_flag(
        "--blocking", blocking,
        "Stop who holds the GIL (some 30 us) at every sample, without a GIL all who run: every stack is exact");
  }

  void add_record(CLI::App& app) {
    app.add_option("-p,--pid", pid, "Process to record; nobody is stopped, nothing is written into it")
        ->type_name("PID");
    add_output(app, "gilspy-PID.svg");
    app.add_option("-d,--duration", duration, "Seconds to record, or unlimited: until Ctrl-C or the process's end")
        ->capture_default_str()
        ->type_name("SECONDS");
    app.add_option("-r,--rate", rate, "Samples a second: 1000, 1khz, or max for as fast as it goes")
        ->capture_default_str()
        ->type_name("RATE");
    add_stopping(app);
    app.footer(std::string(kRecordExamples) + "\n\n" + kExitCodes);
  }

  void add_report(CLI::App& app) {
    app.add_option("RECORDING", recording, "File that `gilspy record -f gilspy` wrote, - for standard input")
        ->required()
        ->type_name("FILE");
    add_output(app, "RECORDING.svg");
    app.footer(kReportExamples);
  }

  void add_dump(CLI::App& app) {
    app.add_option("-p,--pid", pid, "Process to look at")->required()->type_name("PID");
    app.add_flag("-j,--json", json, "JSON, for scripts");
    add_full_filenames(app);
    add_stopping(app);
    app.footer(kDumpExamples);
  }
};

Result<OutputOptions> CommandLine::Raw::output_options() const {
  OutputOptions options;
  options.path = output;
  if (output_given && output.empty()) return fail(ErrorCode::kUsage, "--output is empty; - is standard output");
  options.format = formats::find(format);
  if (options.format == nullptr) {
    return fail(ErrorCode::kUsage, fmt::format("there is no format '{}'; there are {}", format, format_names()));
  }
  if (gil && !view.empty() && view != "held") {
    return fail(ErrorCode::kUsage, fmt::format("--gil is --view held and cannot go with --view {}", view));
  }
  if (function && nolineno) {
    return fail(ErrorCode::kUsage, "--function shows a function's first line, --nolineno shows none: take one");
  }
  const std::string wanted = gil ? "held" : view;
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
  if (options.launches() && options.output.path == "-") {
    return fail(ErrorCode::kUsage, "standard output belongs to the command: --output takes a file then");
  }
  if (options.output.format->streamed() && options.output.path == "-" && platform::stdout_is_terminal()) {
    return fail(ErrorCode::kUsage, "a recording is nothing to look at: --output takes a file, or a pipe behind -");
  }
  GILSPY_TRY(options.duration, parse_duration(duration));
  GILSPY_TRY(options.rate_hz, parse_rate(rate));
  GILSPY_TRY(options.stopping, stopping());
  return options;
}

Result<ReportOptions> CommandLine::Raw::report() const {
  GILSPY_TRY(OutputOptions chosen, output_options());
  if (chosen.format->streamed()) {
    return fail(ErrorCode::kUsage,
                fmt::format("a recording is already of format {}: report renders the others", format));
  }
  return ReportOptions{recording, std::move(chosen)};
}

Result<DumpOptions> CommandLine::Raw::dump() const {
  DumpOptions options;
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
  app_->set_version_flag("-V,--version", "gilspy " GILSPY_VERSION);
  app_->require_subcommand(1);
  app_->footer(std::string(kExamples) + "\n\n" + kExitCodes);
  raw_->add_record(*app_->add_subcommand("record", "Record a running process and write a flame graph or numbers"));
  raw_->add_report(*app_->add_subcommand("report", "Render a recording: as a flame graph, as numbers"));
  raw_->add_dump(*app_->add_subcommand("dump", "Print what every thread is doing now, with its stack"));
}

CommandLine::~CommandLine() = default;

Command CommandLine::parse(int argc, char** argv) {
  const auto is_separator = [](const char* argument) { return std::strcmp(argument, "--") == 0; };
  char** const separator = std::find_if(argv + std::min(argc, 1), argv + argc, is_separator);
  if (separator != argv + argc) raw_->command.assign(separator + 1, argv + argc);
  // What goes wrong before a command is launched is a failure of ours, as with env(1) and timeout(1).
  const auto refuse = [&](const std::string& what) {
    say(what);
    return Exit{raw_->command.empty() ? kExitUsage : kExitLauncher};
  };
  try {
    app_->parse(static_cast<int>(separator - argv), argv);
  } catch (const CLI::Success& done) {
    return Exit{app_->exit(done)};
  } catch (const CLI::ParseError& error) {
    return refuse(std::string(error.what()) + " (gilspy --help shows how)");
  }
  const CLI::App& chosen = *app_->get_subcommands().front();
  raw_->output_given = chosen.get_name() != "dump" && chosen.count("--output") > 0;
  if (chosen.get_name() != "record" && !raw_->command.empty()) {
    return refuse(fmt::format("only record launches a command, {} does not", chosen.get_name()));
  }
  const auto command = [&](auto options) -> Command {
    if (!options.has_value()) return refuse(options.error().message());
    return std::move(*options);
  };
  if (chosen.get_name() == "dump") return command(raw_->dump());
  if (chosen.get_name() == "record") return command(raw_->record());
  return command(raw_->report());
}

}  // namespace gilspy::cli
