#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "attachment.h"
#include "exit_codes.h"
#include "formats/terminal/terminal.h"
#include "gilspy/platform.h"
#include "gilspy/verdict.h"
#include "options.h"
#include "recorder.h"

namespace gilspy::cli {
namespace {

int complain(const Error& error) {
  std::fputs(fmt::format("gilspy: {}\n", error.message()).c_str(), stderr);  // a closed stderr is no reason to abort
  return exit_code(error.code());
}

std::string made_up_name(const RecordOptions& options) {
  const std::string stem = fmt::format("gilspy-{}", to_int(options.pid));
  std::string name = stem + std::string(options.format->extension);
  for (int i = 2; std::filesystem::exists(name); ++i) name = fmt::format("{}-{}{}", stem, i, options.format->extension);
  return name;
}

// Before minutes are spent on a recording that could not be kept.
Result<void> check_output(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  std::error_code ignored;
  if (path == "-") return {};
  if (std::filesystem::is_directory(path, ignored)) {
    return fail(ErrorCode::kCannotWrite, fmt::format("cannot write {}: it is a folder", path));
  }
  if (!folder.empty() && !std::filesystem::is_directory(folder, ignored)) {
    return fail(ErrorCode::kCannotWrite, fmt::format("cannot write {}: there is no folder {}", path, folder.string()));
  }
  if (!platform::may_write(path)) {
    return fail(ErrorCode::kCannotWrite, fmt::format("cannot write {}: permission denied", path));
  }
  return {};
}

// One line that is written over and over, on terminals only.
class ProgressLine {
 public:
  explicit ProgressLine(const RecordOptions& options) : options_(options), shown_(platform::stderr_is_terminal()) {}
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void show(Nanos elapsed, std::uint64_t ticks) const {
    if (!shown_) return;
    const double seconds = std::chrono::duration<double>(elapsed).count();
    const std::string until = options_.duration
                                  ? fmt::format(" of {:g} s", std::chrono::duration<double>(*options_.duration).count())
                                  : " s, Ctrl-C to stop and write";
    const std::string line =
        fmt::format("\r\033[Krecording process {}: {:.1f}{}, {} ticks", to_int(options_.pid), seconds, until, ticks);
    std::fputs(line.c_str(), stderr);
    std::fflush(stderr);
  }
  void clear() const {
    if (shown_) std::fputs("\r\033[K", stderr);
  }

 private:
  const RecordOptions& options_;
  bool shown_;
};

void print_summary(const Profile& profile, const Verdict& verdict, const std::string& output, bool written) {
  // The data has standard output for itself when it goes there.
  std::FILE* const to = output == "-" ? stderr : stdout;
  terminal::TerminalOptions options;
  const bool terminal = output == "-" ? platform::stderr_is_terminal() : platform::stdout_is_terminal();
  options.width = terminal ? platform::terminal_width() : 100;
  options.colour = terminal && std::getenv("NO_COLOR") == nullptr;
  if (written) options.output_path = output;
  const std::string text = terminal::summary(profile, verdict, options);
  std::fwrite(text.data(), 1, text.size(), to);
  std::fflush(to);
}

Result<Profile> take_profile(const RecordOptions& options) {
  const platform::StopFlag stop;
  GILSPY_TRY(const std::unique_ptr<Attachment> attachment, attach_python(options.pid, stop));
  const ProgressLine line(options);
  RecordingPlan plan;
  plan.rate_hz = options.rate_hz;
  plan.duration = options.duration;
  plan.progress = [&line](Nanos elapsed, std::uint64_t ticks) { line.show(elapsed, ticks); };
  return record(*attachment, plan, stop);
}

int run(const RecordOptions& options) {
  const std::string output = options.output.empty() ? made_up_name(options) : options.output;
  if (auto writable = check_output(output); !writable.has_value()) return complain(writable.error());
  const auto profile = take_profile(options);
  if (!profile.has_value()) return complain(profile.error());
  const Verdict verdict = verdict::judge(*profile);
  const auto written = platform::write_file(output, options.format->render(*profile, verdict, options.render));
  print_summary(*profile, verdict, output, written.has_value());
  return written.has_value() ? static_cast<int>(kExitOk) : complain(written.error());
}

int main_program(int argc, char** argv) {
  const auto parsed = parse_command_line(argc, argv);
  if (const auto* const exit = std::get_if<Exit>(&parsed)) return exit->code;
  return run(std::get<RecordOptions>(parsed));
}

}  // namespace
}  // namespace gilspy::cli

int main(int argc, char** argv) { return gilspy::cli::main_program(argc, argv); }
