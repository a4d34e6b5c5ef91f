#include "attachment.h"

#include <chrono>

namespace gilspy::cli {
namespace {

using std::chrono_literals::operator""ms;

constexpr Nanos kPatience = std::chrono::seconds(2);
constexpr Nanos kBetweenTries = 20ms;

Result<std::unique_ptr<Attachment>> try_once(Pid pid) {
  auto made = std::make_unique<Attachment>();
  GILSPY_TRY(made->target, platform::attach(pid));
  GILSPY_TRY(made->location, locate::find_runtime(*made->target));
  GILSPY_TRY(made->layout, layout::for_build(*made->target, made->location));
  GILSPY_CHECK(layout::self_check(*made->target, made->location, made->layout));
  made->stacks = std::make_unique<StackTable>();
  GILSPY_TRY(made->sampler, sample::make_sampler(*made->target, made->location, made->layout, *made->stacks));
  return made;
}

// Errors that time may heal: a shell that is about to exec Python, a runtime that is being set up.
bool worth_waiting(ErrorCode code) {
  return code == ErrorCode::kNotReady || code == ErrorCode::kNotPython || code == ErrorCode::kUnsupported ||
         code == ErrorCode::kBadAddress || code == ErrorCode::kCorrupt;
}

}  // namespace

Result<std::unique_ptr<Attachment>> attach_python(Pid pid, const platform::StopFlag& stop) {
  const Nanos deadline = platform::now() + kPatience;
  for (;;) {
    auto made = try_once(pid);
    if (made.has_value() || !worth_waiting(made.error().code())) return made;
    if (platform::now() >= deadline || stop.stop_requested()) return made;
    platform::sleep_until(platform::now() + kBetweenTries);
  }
}

}  // namespace gilspy::cli
