#include "attachment.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

namespace gilspy::cli {
namespace {

using std::chrono_literals::operator""ms;

constexpr Nanos kPatience = std::chrono::seconds(2);
constexpr Nanos kBetweenTries = 20ms;
constexpr std::size_t kMostKnown = 16;

Result<void> fit(Attachment& made, const RuntimeLocation& location) {
  GILSPY_TRY(const RuntimeLayout layout, layout::for_build(*made.target, location));
  GILSPY_CHECK(layout::self_check(*made.target, location, layout));
  made.location = location;
  made.layout = layout;
  return {};
}

// The first that passes its self-check; else the error of the best one.
Result<void> first_that_fits(Attachment& made, const std::vector<RuntimeLocation>& candidates) {
  Result<void> first;
  for (const RuntimeLocation& candidate : candidates) {
    auto fits = fit(made, candidate);
    if (fits.has_value()) return fits;
    if (first.has_value()) first = std::move(fits);
  }
  return first;
}

// A Python without any symbols, by what its version looks like in memory.
Result<std::vector<RuntimeLocation>> nameless_candidates(Target& target) {
  const auto version = locate::version_by_names(target);
  if (!version) return std::vector<RuntimeLocation>{};
  RuntimeLocation unplaced;
  unplaced.version = *version;
  GILSPY_TRY(const RuntimeLayout layout, layout::for_build(target, unplaced));
  const locate::PointerShape shape{layout.runtime.interpreters_head, layout.runtime.interpreters_main,
                                   layout.interpreter.threads_head, layout.thread.interpreter};
  return locate::find_by_pointers(target, *version, shape);
}

Result<void> find_python(Attachment& made) {
  const auto candidates = locate::find_candidates(*made.target);
  if (candidates.has_value()) return first_that_fits(made, *candidates);
  const ErrorCode why = candidates.error().code();
  if (why == ErrorCode::kMisfit || why == ErrorCode::kDenied || why == ErrorCode::kNotPython) {
    const auto nameless = nameless_candidates(*made.target);
    if (nameless.has_value() && !nameless->empty() && first_that_fits(made, *nameless).has_value()) return {};
  }
  return tl::unexpected(candidates.error());
}

// The same binary at the same place, as the self-check finds. Where a runtime is mapped from does not change by fork().
bool is_one_of(Attachment& made, const std::vector<KnownPython>& known) {
  if (known.empty()) return false;
  const auto mappings = made.target->mappings();
  if (!mappings.has_value()) return false;
  for (const KnownPython& python : known) {
    const auto is_of_it = [&](const Mapping& mapping) { return mapping.path == python.location.binary; };
    if (std::ranges::none_of(*mappings, is_of_it)) continue;
    if (!layout::self_check(*made.target, python.location, python.layout).has_value()) continue;
    made.location = python.location;
    made.layout = python.layout;
    return true;
  }
  return false;
}

Result<std::unique_ptr<Attachment>> attach_to(std::unique_ptr<Target> target, Stopping stopping,
                                              std::vector<KnownPython>& known) {
  auto made = std::make_unique<Attachment>();
  made->target = std::move(target);
  if (!is_one_of(*made, known)) {
    GILSPY_CHECK(find_python(*made));
    if (known.size() < kMostKnown) known.push_back({made->location, made->layout});
  }
  made->stacks = std::make_unique<StackTable>();
  GILSPY_TRY(made->sampler, sample::make_sampler(*made->target, made->location, made->layout, *made->stacks, stopping));
  return made;
}

// Errors that time may heal: a shell that is about to exec Python, a runtime that is being set up. Not a Python that
// gilspy cannot read.
bool worth_waiting(ErrorCode code) {
  return code == ErrorCode::kNotReady || code == ErrorCode::kNotPython || code == ErrorCode::kMisfit ||
         code == ErrorCode::kBadAddress || code == ErrorCode::kCorrupt;
}

}  // namespace

Error with_number_inside(Pid pid, Error error) {
  const ErrorCode code = error.code();
  if (code != ErrorCode::kNoProcess && code != ErrorCode::kNotPython && code != ErrorCode::kDenied) return error;
  const std::string meant = locate::number_inside_text(pid, platform::numbered_inside(pid));
  return meant.empty() ? error : Error(code, fmt::format("{}; {}", error.message(), meant));
}

Result<std::unique_ptr<Attachment>> attach_now(Pid pid, Stopping stopping) {
  std::vector<KnownPython> nobody;
  return attach_like(pid, stopping, nobody);
}

Result<std::unique_ptr<Attachment>> attach_like(Pid pid, Stopping stopping, std::vector<KnownPython>& known) {
  GILSPY_TRY(std::unique_ptr<Target> target, platform::attach(pid));
  return attach_to(std::move(target), stopping, known);
}

Result<std::unique_ptr<Attachment>> attach_core(std::unique_ptr<Target> core) {
  std::vector<KnownPython> nobody;
  return attach_to(std::move(core), Stopping::kNever, nobody);
}

Result<std::unique_ptr<Attachment>> attach_python(Pid pid, Stopping stopping, const platform::StopFlag& stop) {
  const Nanos deadline = platform::now() + kPatience;
  for (;;) {
    auto made = attach_now(pid, stopping);
    if (made.has_value()) return made;
    if (!worth_waiting(made.error().code()) || platform::now() >= deadline || stop.stop_requested()) {
      return tl::unexpected(with_number_inside(pid, std::move(made).error()));
    }
    platform::sleep_until(platform::now() + kBetweenTries);
  }
}

}  // namespace gilspy::cli
