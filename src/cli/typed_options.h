// The options of all commands, as typed, and what they ask for.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "check_options.h"
#include "gilspy/result.h"
#include "options.h"

namespace CLI {
class App;
}

namespace gilspy::cli {

struct TypedOptions {
  std::string pid, output, format = "flamegraph", view, rate, gil_rate = "10khz", duration = "unlimited", recording,
                           base, head, work, shell, link, loop_threshold = "100ms", tasks, core, executable, sysroot;
  bool output_given = false, format_given = false, gil = false, idle = false, threads = false, nolineno = false,
       function = false, full = false, negate = false, nonblocking = false, blocking = false, exact = false,
       json = false, subprocesses = false, native = false, native_all = false, verbose = false;
  int locals = 0;
  std::vector<std::string> command;
  TypedCheck check;

  // What a command can be told.
  void add_record(CLI::App& app);
  void add_report(CLI::App& app);
  void add_diff(CLI::App& app);
  void add_dump(CLI::App& app);
  void add_top(CLI::App& app);
  void add_completions(CLI::App& app);

  // What it was told. Errors: kUsage.
  Result<RecordOptions> record() const;
  Result<ReportOptions> report() const;
  Result<DiffOptions> diff() const;
  Result<DumpOptions> dump() const;

  // Of what it was told: lines about what will not have the effect that somebody may expect.
  std::vector<std::string> hints() const;

 private:
  void add_pid(CLI::App& app, const char* what, const char* group);
  void add_output(CLI::App& app, std::string_view made_up_name, bool also_streamed);
  void add_view(CLI::App& app);
  void add_graph(CLI::App& app);
  void add_loop_threshold(CLI::App& app);
  void add_full_filenames(CLI::App& app, const char* group);
  void add_stopping(CLI::App& app, const char* group);
  void add_native(CLI::App& app, const char* group);
  void add_verbose(CLI::App& app, const char* group);
  void add_locals(CLI::App& app, const char* group);

  Result<const Format*> chosen_format() const;
  Result<const ComparisonFormat*> chosen_comparison_format() const;
  View chosen_view() const;
  Result<OutputOptions> output_options() const;
  std::string hint_about_name(const Format& chosen) const;
  std::string hint_about_options(const Format& chosen) const;
  Result<Stopping> stopping() const;
  Result<NativeFrames> native_frames() const;
};

}  // namespace gilspy::cli
