#include "loop_reader.h"

#include <array>
#include <cmath>

#include "gilspy/memory.h"
#include "gilspy/wording.h"
#include "objects.h"

namespace gilspy::sample {
namespace {

constexpr double kMostSeconds = 1e9;  // of a clock that begins when the machine starts

}  // namespace

// Stacks are numbered after those that they go on from.
std::optional<std::size_t> LoopReader::depth_in(StackId stack) {
  if (known_.empty()) known_.emplace_back();
  while (known_.size() <= to_int(stack)) {
    const StackId next{static_cast<std::uint32_t>(known_.size())};
    Known known = known_[to_int(stacks_.parent(next))];
    if (++known.size; wording::is_event_loop(stacks_.frame(stacks_.leaf(next)))) known.loop = known.size;
    known_.push_back(known);
  }
  const std::uint32_t loop = known_[to_int(stack)].loop;
  return loop == 0 ? std::nullopt : std::optional<std::size_t>(loop - 1);
}

std::optional<LoopReader::Reading> LoopReader::read(const FramePlace& place) {
  constexpr std::array<std::string_view, 4> kNames{"end_time", "ntodo", "i", "handle"};
  std::array<RemoteAddr, kNames.size()> values;
  if (!frames_.find_variables(place, kNames, values)) return std::nullopt;
  const auto [end_time, ntodo, i, handle] = values;
  Reading reading;
  LoopFacts& facts = reading.facts;
  facts.state = LoopFacts::State::kWaits;
  if (end_time.is_null()) return reading;
  const auto round = time_in(end_time);
  if (!round.has_value()) return std::nullopt;
  facts.round = *round;
  facts.state = LoopFacts::State::kRuns;
  if (ntodo.is_null() || i.is_null()) return reading;  // about to begin
  const auto all = read_int(memory_, layout_, ntodo), begun = read_int(memory_, layout_, i);
  if (all.has_value() && begun.has_value() && *begun < *all && *all <= kMostCallbacks) {
    reading.begun = static_cast<std::uint32_t>(*begun + 1);
    facts.left = static_cast<std::uint32_t>(*all) - reading.begun;
  }
  facts.timer = is_timer(handle);
  return reading;
}

bool LoopReader::is_timer(RemoteAddr handle) {
  const auto type = read_pointer(memory_, handle + layout_.object.type);
  if (!type.has_value() || *type == handle_type_) return false;
  if (*type == timer_type_) return true;
  const std::string name = read_type_name(memory_, layout_, handle).value_or("");
  if (name == "Handle") handle_type_ = *type;
  if (name == "TimerHandle") timer_type_ = *type;
  return name == "TimerHandle";
}

// A float, in seconds: PyFloatObject has its double right behind the header.
std::optional<Nanos> LoopReader::time_in(RemoteAddr object) {
  const auto type = read_pointer(memory_, object + layout_.object.type);
  if (!type.has_value()) return std::nullopt;
  if (float_type_.is_null()) {
    const auto name = read_type_name(memory_, layout_, object);
    if (name.has_value() && *name == "float") float_type_ = *type;
  }
  if (float_type_.is_null() || *type != float_type_) return std::nullopt;
  const auto seconds = read_value<double>(memory_, object + layout_.object.var_size);
  if (!seconds.has_value() || !(*seconds > 0 && *seconds < kMostSeconds)) return std::nullopt;
  return Nanos(std::llround(*seconds * 1e9));
}

}  // namespace gilspy::sample
