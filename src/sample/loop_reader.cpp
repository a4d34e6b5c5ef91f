#include "loop_reader.h"

#include <algorithm>
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
  constexpr std::array<std::string_view, kVariables> kNames{"end_time", "ntodo", "i", "handle"};
  std::array<RemoteAddr, kVariables> values;
  if (!frames_.find_variables(place, kNames, values)) return std::nullopt;
  Reading reading;
  LoopFacts& facts = reading.facts;
  facts.state = LoopFacts::State::kWaits;
  if (values[kEndTime].is_null()) return reading;
  const auto known = static_cast<std::size_t>(std::ranges::find(values, RemoteAddr{}) - values.begin());
  if (!read_objects(values, known)) return std::nullopt;
  const auto round = time_in(values[kEndTime]);
  if (!round.has_value()) return std::nullopt;
  facts.round = *round;
  facts.state = LoopFacts::State::kRuns;
  if (known < values.size()) return reading;  // about to begin
  const std::uint32_t all = number_in(kNtodo), index = number_in(kIndex);
  if (index < all && all <= kMostCallbacks) {
    reading.begun = index + 1;
    facts.left = all - reading.begun;
  }
  facts.timer = is_timer(values[kHandle]);
  return reading;
}

// As much of the first `count` as is looked at, in one call.
bool LoopReader::read_objects(std::span<const RemoteAddr> objects, std::size_t count) {
  const std::size_t number = layout_.object.long_digits + sizeof(std::uint32_t);
  const std::array<std::size_t, kVariables> sizes{layout_.object.var_size + sizeof(double), number, number,
                                                  layout_.object.type + sizeof(std::uint64_t)};
  std::array<ReadRange, kVariables> ranges;
  for (std::size_t i = 0; i < count; ++i) {
    if (sizes[i] > objects_[i].size()) return false;
    ranges[i] = {objects[i], std::span(objects_[i]).first(sizes[i])};
  }
  const auto complete = memory_.read_batch(std::span(ranges).first(count));
  return complete.has_value() && *complete == count;
}

// Of one digit, as all are that count callbacks.
std::uint32_t LoopReader::number_in(Variable variable) const {
  const StructView view(objects_[variable]);
  std::uint64_t digits = view.get<std::uint64_t>(layout_.object.long_size_or_tag);
  if (layout_.object.long_has_tag) digits >>= 3;
  return digits == 1 ? view.get<std::uint32_t>(layout_.object.long_digits) : 0;
}

bool LoopReader::is_timer(RemoteAddr handle) {
  const RemoteAddr type = StructView(objects_[kHandle]).pointer(layout_.object.type);
  if (type == handle_type_ || type == timer_type_) return type == timer_type_;
  const std::string name = read_type_name(memory_, layout_, handle).value_or("");
  if (name == "Handle") handle_type_ = type;
  if (name == "TimerHandle") timer_type_ = type;
  return name == "TimerHandle";
}

// A float, in seconds: PyFloatObject has its double right behind the header.
std::optional<Nanos> LoopReader::time_in(RemoteAddr object) {
  const StructView view(objects_[kEndTime]);
  const RemoteAddr type = view.pointer(layout_.object.type);
  if (float_type_.is_null() && read_type_name(memory_, layout_, object).value_or("") == "float") float_type_ = type;
  if (float_type_.is_null() || type != float_type_) return std::nullopt;
  const auto seconds = view.get<double>(layout_.object.var_size);
  if (!(seconds > 0 && seconds < kMostSeconds)) return std::nullopt;
  return Nanos(std::llround(seconds * 1e9));
}

}  // namespace gilspy::sample
