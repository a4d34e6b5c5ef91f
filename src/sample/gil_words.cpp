#include "gil_words.h"

#include <algorithm>

#include "gilspy/memory.h"

namespace gilspy::sample {
namespace {

constexpr int kMostInterpreters = 10'000;
constexpr std::uint64_t kLongestIntervalUs = 1'000'000'000;  // garbage can say anything
constexpr std::size_t kHeadBytes = 16;                       // next_unique_id and head

}  // namespace

Result<GilIndex> WordReader::gil_of(RemoteAddr interpreter) {
  RemoteAddr address = location_.runtime + (layout_.runtime.gil == kAbsent ? 0 : layout_.runtime.gil);
  if (layout_.gil_home == GilHome::kViaInterpreter) {
    GILSPY_TRY(address, read_pointer(target_, interpreter + layout_.interpreter.gil));
  }
  const auto known = std::ranges::find(gils_, address, &GilRecord::address);
  if (known != gils_.end()) return static_cast<GilIndex>(known - gils_.begin());
  GilRecord record;
  record.address = address;
  gils_.push_back(record);
  return static_cast<GilIndex>(gils_.size() - 1);
}

Result<void> WordReader::find_interpreters() {
  std::vector<InterpreterRecord> found;
  GILSPY_TRY(RemoteAddr address, read_pointer(target_, location_.runtime + layout_.runtime.interpreters_head));
  for (int steps = 0; !address.is_null() && steps < kMostInterpreters; ++steps) {
    // The list changed under the walk, or is damaged: it would go round and round.
    if (std::ranges::count(found, address, &InterpreterRecord::address) > 0) break;
    InterpreterRecord record;
    record.address = address;
    GILSPY_TRY(record.id, read_value<std::int64_t>(target_, address + layout_.interpreter.id));
    const auto known = std::ranges::find_if(
        interpreters_, [&](const InterpreterRecord& r) { return r.address == address && r.id == record.id; });
    if (known != interpreters_.end()) {
      record = *known;
    } else {
      GILSPY_TRY(record.gil, gil_of(address));
      seen_.push_back(record);
    }
    found.push_back(record);
    GILSPY_TRY(address, read_pointer(target_, address + layout_.interpreter.next));
  }
  interpreters_ = std::move(found);
  for (GilRecord& gil : gils_) gil.in_use = false;
  for (const InterpreterRecord& interpreter : interpreters_) gils_[to_int(interpreter.gil)].in_use = true;
  return {};
}

GilWords WordReader::view_gil(std::span<const std::byte> bytes) const {
  const StructView view(bytes);
  GilWords words;
  words.enabled = layout_.gil.enabled == kAbsent || view.get<std::int32_t>(layout_.gil.enabled) != 0;
  words.locked = words.enabled && view.get<std::int32_t>(layout_.gil.locked) == 1;
  words.last_holder = view.pointer(layout_.gil.last_holder);
  words.switch_number = view.get<std::uint64_t>(layout_.gil.switch_number);
  words.interval_us = std::min(view.get<std::uint64_t>(layout_.gil.interval), kLongestIntervalUs);
  words.cond = view.get<std::array<std::byte, kCondSize>>(layout_.gil.cond);
  words.switch_cond = view.get<std::array<std::byte, kCondSize>>(layout_.gil.switch_cond);
  return words;
}

// Its memory may be gone with its interpreter: nobody holds it, and it changes no more.
GilWords WordReader::at_rest(const GilRecord& gil, const GilWords& before) {
  GilWords words;
  words.enabled = gil.enabled;
  words.last_holder = gil.last_holder;
  words.switch_number = gil.switch_number;
  words.interval_us = before.interval_us;
  return words;
}

Result<void> WordReader::read(std::vector<GilWords>& gils, std::vector<ListHead>& heads) {
  const std::size_t gil_bytes = layout_.gil.size;
  bytes_.resize(gils_.size() * gil_bytes + interpreters_.size() * kHeadBytes);
  ranges_.clear();
  std::span<std::byte> room(bytes_);
  const auto add = [&](RemoteAddr from, std::size_t size) {
    ranges_.push_back({from, room.first(size)});
    room = room.subspan(size);
  };
  for (const GilRecord& gil : gils_) {
    if (gil.in_use) add(gil.address, gil_bytes);
  }
  const std::size_t gils_read = ranges_.size();
  const bool neighbours = layout_.interpreter.threads_head == layout_.interpreter.threads_next_id + 8;
  for (const InterpreterRecord& i : interpreters_) {
    add(i.address + layout_.interpreter.threads_next_id, neighbours ? 16 : 8);
    if (!neighbours) add(i.address + layout_.interpreter.threads_head, 8);
  }
  GILSPY_TRY(const std::size_t complete, target_.read_batch(ranges_));
  if (complete != ranges_.size()) return fail(ErrorCode::kBadAddress, "an interpreter is no longer where it was");
  gils.resize(gils_.size());
  heads.resize(interpreters_.size());
  for (std::size_t i = 0, at = 0; i < gils.size(); ++i) {
    gils[i] = gils_[i].in_use ? view_gil(ranges_[at++].into) : at_rest(gils_[i], gils[i]);
  }
  const auto head_bytes = std::span<const std::byte>(bytes_).subspan(gils_read * gil_bytes);
  for (std::size_t i = 0; i < heads.size(); ++i) {
    const StructView view(head_bytes.subspan(i * kHeadBytes, kHeadBytes));
    heads[i].next_id = view.get<std::uint64_t>(0);
    heads[i].head = view.pointer(8);
  }
  return {};
}

}  // namespace gilspy::sample
