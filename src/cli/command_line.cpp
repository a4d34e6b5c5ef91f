#include "command_line.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "complain.h"
#include "help_formatter.h"
#include "help_pages.h"
#include "spelling.h"
#include "typed_options.h"

namespace gilspy::cli {

CommandLine::CommandLine()
    : typed_(std::make_unique<TypedOptions>()),
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
  typed_->add_record(
      command("record", "Record a running process, or launch one: a flame graph, numbers", record_page()));
  typed_->add_report(command("report", "Render a recording: as a flame graph, as numbers", report_page()));
  typed_->check.add(command("check", "Judge a recording by limits: for scripts and CI", check_page()));
  typed_->add_diff(command("diff", "Compare two recordings: what changed beyond noise", diff_page()));
  typed_->add_dump(
      command("dump", "Print what every thread is doing now, with its stack, and the tasks of asyncio", dump_page()));
  typed_->add_top(command("top", "Not there yet: what every thread is doing, live", top_page()));
  typed_->add_completions(
      command("completions", "Print completions for a shell: bash, zsh or fish", completions_page()));
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
  // Where files are the arguments, -- is what it is to most programs: the end of the options.
  const bool takes_files = words.front() == "report" || words.front() == "check" || words.front() == "diff";
  const auto separator = takes_files ? words.end() : std::find(words.begin(), words.end(), "--");
  const bool separated = separator != words.end();
  if (separated) typed_->command.assign(separator + 1, words.end());
  words.erase(separator, words.end());
  const bool launches = !words.empty() && words.front() == "record";
  if (separated && !launches) {
    const std::string who = words.empty() || words.front().starts_with('-') ? "that" : words.front();
    say(fmt::format("only record launches a command, {} does not: `gilspy record -- {}`", who,
                    fmt::join(typed_->command, " ")));
    return Exit{kExitUsage};
  }
  const bool is_check = !words.empty() && words.front() == "check";
  // What goes wrong before a command is launched is a failure of ours, as with env(1) and timeout(1).
  const auto refuse = [&](const std::string& what) {
    say(is_check ? "cannot tell: " + what : what);
    return Exit{is_check ? kExitCannotTell : separated && launches ? kExitLauncher : kExitUsage};
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

namespace {

std::vector<std::string> long_options(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_group().empty()) continue;  // not listed
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

}  // namespace

// What CLI11 says about a mistake, or better, what was probably meant.
std::string CommandLine::explain(const CLI::ParseError& error) const {
  const auto commands = app_->get_subcommands();
  const std::string name = commands.empty() ? "" : commands.front()->get_name();
  const bool unclear = !commands.empty();
  const std::string hint =
      unclear ? hint_about(name, commands.front()->remaining(), long_options(*commands.front())) : "";
  if (!hint.empty()) return hint;
  return fmt::format("{} (gilspy {}{}--help shows how)", error.what(), name, name.empty() ? "" : " ");
}

Command CommandLine::chosen_command(const std::function<Exit(const std::string&)>& refuse) {
  const CLI::App& chosen = *app_->get_subcommands().front();
  const std::string& name = chosen.get_name();
  std::vector<std::string> hints;
  const auto command = [&](auto options) -> Command {
    if (!options.has_value()) return refuse(options.error().message());
    for (const std::string& hint : hints) say(hint);
    return std::move(*options);
  };
  if (name == "completions") return CompletionsOptions{typed_->shell};
  if (name == "top") return TopOptions{typed_->pid};
  if (name == "dump") return command(typed_->dump());
  if (name == "check") return command(typed_->check.options());
  typed_->output_given = chosen.count("--output") > 0;
  typed_->format_given = chosen.count("--format") > 0;
  if (name == "diff") return command(typed_->diff());
  hints = typed_->hints();
  if (name == "record") return command(typed_->record());
  return command(typed_->report());
}

}  // namespace gilspy::cli
