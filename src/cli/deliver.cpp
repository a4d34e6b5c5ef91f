#include "deliver.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "complain.h"
#include "formats/terminal/terminal.h"
#include "gilspy/platform.h"
#include "gilspy/verdict.h"
#include "rescue.h"

namespace gilspy::cli {
namespace {

std::string made_up_name(const std::string& stem, std::string_view extension) {
  std::string name = fmt::format("{}{}", stem, extension);
  for (int i = 2; std::filesystem::exists(name); ++i) name = fmt::format("{}-{}{}", stem, i, extension);
  return name;
}

Result<void> check(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  std::error_code ignored;
  if (path == "-") return {};
  if (std::filesystem::is_directory(path, ignored)) {
    return fail(ErrorCode::kCannotWrite, fmt::format("cannot write {}: it is a folder", path));
  }
  if (!folder.empty() && !std::filesystem::is_directory(folder, ignored)) {
    return fail(ErrorCode::kCannotWrite, fmt::format("cannot write {}: there is no folder {}", path, folder.string()));
  }
  return platform::may_write(path);
}

void print_summary(const Profile& profile, const Verdict& verdict, const std::string& written, std::FILE* to) {
  terminal::TerminalOptions options;
  const bool terminal = to == stderr ? platform::stderr_is_terminal() : platform::stdout_is_terminal();
  options.width = terminal ? platform::terminal_width() : 100;
  options.colour = terminal && std::getenv("NO_COLOR") == nullptr;
  options.output_path = written;
  const std::string text = terminal::summary(profile, verdict, options);
  std::fwrite(text.data(), 1, text.size(), to);
  std::fflush(to);
}

// Standard output has a reader who knows what is missing; a file has nobody.
Error cannot_keep(const Error& error, const std::string& path, const Contents& contents, const Profile& profile,
                  const Format& format) {
  if (path == "-") return error;
  const auto kept = rescue(contents, fmt::format("gilspy-{}", to_int(profile.target.pid)), format.extension);
  return kept ? Error(error.code(), fmt::format("{}; it is in {}", error.message(), *kept)) : error;
}

}  // namespace

Result<std::string> choose_output(const OutputOptions& options, const std::string& stem) {
  return choose_output(options.path, options.format->extension, stem);
}

Result<std::string> choose_output(const std::string& asked, std::string_view extension, const std::string& stem) {
  std::string path = asked.empty() ? made_up_name(stem, extension) : asked;
  GILSPY_CHECK(check(path));
  return path;
}

int deliver(const Profile& profile, const OutputOptions& options, const std::string& path, SummaryTo summary) {
  const Verdict verdict = verdict::judge(profile);
  const Contents contents = [&](ByteSink& to) { options.format->write(profile, verdict, options.render, to); };
  auto written = platform::write_file(path, contents);
  if (!written.has_value()) {
    written = tl::unexpected(cannot_keep(written.error(), path, contents, profile, *options.format));
  }
  return conclude(profile, written, path, summary);
}

int conclude(const Profile& profile, const Result<void>& written, const std::string& path, SummaryTo summary) {
  std::FILE* const to = path == "-" || summary == SummaryTo::kStderr ? stderr : stdout;
  print_summary(profile, verdict::judge(profile), written.has_value() ? path : std::string(), to);
  return written.has_value() ? static_cast<int>(kExitOk) : complain(written.error());
}

}  // namespace gilspy::cli
