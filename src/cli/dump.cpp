// dump: one look at a process, on standard output.
#include "formats/dump/dump.h"

#include <cstdlib>

#include "attachment.h"
#include "commands.h"
#include "complain.h"
#include "gilspy/platform.h"
#include "look.h"

namespace gilspy::cli {
namespace {

Result<Dump> look_at(const DumpOptions& options) {
  const platform::StopFlag stop;
  GILSPY_TRY(const std::unique_ptr<Attachment> attachment, attach_python(options.pid, options.stopping, stop));
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
