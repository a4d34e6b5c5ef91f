// dump: one look at a process, or at the core of one, on standard output.
#include "formats/dump/dump.h"

#include <fmt/format.h>

#include <cstdlib>
#include <string>
#include <utility>

#include "attachment.h"
#include "commands.h"
#include "complain.h"
#include "gilspy/core.h"
#include "gilspy/platform.h"
#include "look.h"
#include "rights.h"

namespace gilspy::cli {
namespace {

// What is missing of a core is why it cannot be read, mostly.
Error about(const CoreFacts& core, const Error& error) {
  if (core.bytes_missing == 0) return {error.code(), fmt::format("{}: {}", core.path, error.message())};
  constexpr double kMebibyte = 1U << 20;
  std::string text = fmt::format(
      "{} is cut off: {:.1f} of its {:.1f} MiB of memory are missing, with what tells of "
      "Python's threads",
      core.path, static_cast<double>(core.bytes_missing) / kMebibyte, static_cast<double>(core.bytes) / kMebibyte);
  if (core.signalled) text += fmt::format("; {} ended the process, in thread {}", core.signal, to_int(*core.signalled));
  if (error.code() == ErrorCode::kNotPython) text += fmt::format("; if it ran Python at all: {}", error.message());
  return {ErrorCode::kBadRecording, text};
}

Result<Dump> look_at_core(const DumpOptions& options) {
  WorkAhead work;
  work.reads_core = true;
  give_up_rights(work, options.verbose);  // before anything of it is read
  GILSPY_TRY(auto core, platform::open_core(options.core, {options.executable, options.sysroot}));
  const CoreTarget& opened = *core;
  const CoreFacts facts = opened.facts();
  auto attachment = attach_core(std::move(core));
  if (!attachment.has_value()) return tl::unexpected(about(facts, attachment.error()));
  auto dump = look(**attachment, {options.native, options.variables});
  if (!dump.has_value()) return tl::unexpected(about(facts, dump.error()));
  dump->core = opened.facts();
  return dump;
}

Result<Dump> look_at(const DumpOptions& options) {
  if (!options.core.empty()) return look_at_core(options);
  const platform::StopFlag stop;
  GILSPY_TRY(const std::unique_ptr<Attachment> attachment, attach_python(options.pid, options.stopping, stop));
  WorkAhead work;
  work.target = attachment->target.get();
  work.stopping = options.stopping;
  work.native = options.native;
  give_up_rights(work, options.verbose);
  return look(*attachment, {options.native, options.variables});
}

}  // namespace

int run(const DumpOptions& options) {
  const auto dump = look_at(options);
  if (!dump.has_value()) return complain(dump.error());
  formats::DumpTextOptions how;
  how.full_filenames = options.full_filenames;
  how.colour = platform::stdout_is_terminal() && std::getenv("NO_COLOR") == nullptr;
  const auto written =
      platform::write_file("-", options.json ? formats::dump_json(*dump) : formats::dump_text(*dump, how));
  return written.has_value() ? static_cast<int>(kExitOk) : complain(written.error());
}

}  // namespace gilspy::cli
