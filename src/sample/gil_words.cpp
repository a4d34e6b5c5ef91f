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
  return {};
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
  for (const GilRecord& gil : gils_) add(gil.address, gil_bytes);
  const bool neighbours = layout_.interpreter.threads_head == layout_.interpreter.threads_next_id + 8;
  for (const InterpreterRecord& i : interpreters_) {
    add(i.address + layout_.interpreter.threads_next_id, neighbours ? 16 : 8);
    if (!neighbours) add(i.address + layout_.interpreter.threads_head, 8);
  }
  GILSPY_TRY(const std::size_t complete, target_.read_batch(ranges_));
  if (complete != ranges_.size()) return fail(ErrorCode::kBadAddress, "an interpreter is no longer where it was");
  gils.resize(gils_.size());
  heads.resize(interpreters_.size());
  for (std::size_t i = 0; i < gils.size(); ++i) {
    const StructView view(ranges_[i].into);
    gils[i].enabled = layout_.gil.enabled == kAbsent || view.get<std::int32_t>(layout_.gil.enabled) != 0;
    gils[i].locked = gils[i].enabled && view.get<std::int32_t>(layout_.gil.locked) == 1;
    gils[i].last_holder = view.pointer(layout_.gil.last_holder);
    gils[i].switch_number = view.get<std::uint64_t>(layout_.gil.switch_number);
    gils[i].interval_us = std::min(view.get<std::uint64_t>(layout_.gil.interval), kLongestIntervalUs);
    gils[i].cond = view.get<std::array<std::byte, kCondSize>>(layout_.gil.cond);
    gils[i].switch_cond = view.get<std::array<std::byte, kCondSize>>(layout_.gil.switch_cond);
  }
  const auto head_bytes = std::span<const std::byte>(bytes_).subspan(gils.size() * gil_bytes);
  for (std::size_t i = 0; i < heads.size(); ++i) {
    const StructView view(head_bytes.subspan(i * kHeadBytes, kHeadBytes));
    heads[i].next_id = view.get<std::uint64_t>(0);
    heads[i].head = view.pointer(8);
  }
  return {};
}

}  // namespace gilspy::sample
