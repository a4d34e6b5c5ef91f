#include "frame_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "gilspy/wording.h"

namespace gilspy::stack_view {
namespace {

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(' ');
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

// "Thread 2" becomes "Thread_2".
void bind_number_at_end(std::string& text) {
  const std::size_t before = text.find_last_not_of("0123456789.");
  if (before != text.npos && before + 1 < text.size() && text[before] == ' ') text[before] = '_';
}

}  // namespace

std::string safe_frame(std::string_view name) {
  std::string text = wording::printable(name);
  text = trimmed(text);
  std::replace(text.begin(), text.end(), ';', ',');
  if (text.empty()) return "(no name)";
  if (text.size() > 1 && text[0] == '#' && text[1] == ' ') text[1] = '_';
  bind_number_at_end(text);
  return text;
}

std::string plain_frame_text(const Frame& frame, const TargetFacts& target, const RenderOptions& options) {
  const std::string function = frame.function.empty() ? "(no name)" : frame.function;
  if (frame.file.empty()) return function;
  const std::string file = options.full_filenames ? frame.file : wording::short_file(frame.file, target);
  if (frame.native) return fmt::format("{} [{}]", function, file);
  const int line = options.by_function ? frame.first_line : frame.line;
  if (!options.line_numbers || line <= 0) return fmt::format("{} ({})", function, file);
  return fmt::format("{} ({}:{})", function, file, line);
}

std::string frame_text(const Frame& frame, const TargetFacts& target, const RenderOptions& options) {
  return safe_frame(plain_frame_text(frame, target, options));
}

std::string thread_text(const Profile& profile, const ThreadProfile& thread) {
  const std::string interpreter = profile.has_several_interpreters(thread.process)
                                      ? fmt::format(", interpreter {}", thread.info.interpreter_id)
                                      : std::string();
  return safe_frame(
      fmt::format("{} ({}{})", wording::thread_label(profile, thread), to_int(thread.info.tid), interpreter));
}

}  // namespace gilspy::stack_view
