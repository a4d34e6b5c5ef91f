// diff: two recordings, from their files to what changed between them.
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>

#include "commands.h"
#include "complain.h"
#include "deliver.h"
#include "formats/terminal/comparison_text.h"
#include "gilspy/platform.h"
#include "stored_recording.h"

namespace gilspy::cli {
namespace {

Result<Replayed> replay_and_say(const std::string& path) {
  auto replayed = replay_file(path);
  if (replayed.has_value() && !replayed->complete) say(fmt::format("{}: {}", path, replayed->profile.end_note));
  return replayed;
}

Result<std::string> choose_path(const DiffOptions& options) {
  const std::string stem = std::filesystem::path(options.head).stem().string();
  const bool has_name = options.head != "-" && !stem.empty();
  GILSPY_TRY(std::string path,
             choose_output(options.path, options.format->extension, has_name ? stem + "-diff" : "gilspy-diff"));
  for (const std::string& recording : {options.base, options.head}) {
    std::error_code not_both_exist;
    if (std::filesystem::equivalent(path, recording, not_both_exist)) {
      return fail(ErrorCode::kUsage, fmt::format("--output is one of the recordings, {}", recording));
    }
  }
  return path;
}

void print(const Comparison& comparison, const std::string& path, bool written) {
  std::FILE* const to = path == "-" ? stderr : stdout;
  const bool terminal = to == stderr ? platform::stderr_is_terminal() : platform::stdout_is_terminal();
  terminal::TerminalOptions options;
  options.width = terminal ? platform::terminal_width() : 100;
  options.colour = terminal && std::getenv("NO_COLOR") == nullptr;
  if (written) options.output_path = path;
  std::fputs(terminal::comparison_text(comparison, options).c_str(), to);
  std::fflush(to);
}

int compare_and_deliver(const DiffOptions& options, const std::string& path, const Profile& base, const Profile& head) {
  const Verdict base_verdict = verdict::judge(base), head_verdict = verdict::judge(head);
  const auto work = [&](double WorkDone::*side) {
    return options.work ? std::optional((*options.work).*side) : std::nullopt;
  };
  const Comparison comparison =
      compare::compare({base, base_verdict, work(&WorkDone::base)}, {head, head_verdict, work(&WorkDone::head)});
  const auto written = platform::write_file(path, options.format->render({base, head, comparison}, options.render));
  print(comparison, path, written.has_value());
  return written.has_value() ? static_cast<int>(kExitOk) : complain(written.error());
}

}  // namespace

int run(const DiffOptions& options) {
  const auto path = choose_path(options);
  if (!path.has_value()) return complain(path.error());
  const auto base = replay_and_say(options.base);
  if (!base.has_value()) return complain(base.error());
  const auto head = replay_and_say(options.head);
  if (!head.has_value()) return complain(head.error());
  return compare_and_deliver(options, *path, base->profile, head->profile);
}

}  // namespace gilspy::cli
