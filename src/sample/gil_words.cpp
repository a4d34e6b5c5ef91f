#include "gil_words.h"

#include <algorithm>

#include "gilspy/memory.h"

namespace gilspy::sample {
namespace {

constexpr int kMostInterpreters = 10'000;
constexpr std::uint64_t kLongestIntervalUs = 1'000'000'000;  // garbage can say anything
constexpr std::size_t kWorthJoining =
    1024;  // bytes between two places: less than another range costs, and never a page

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
  plan();
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

// Where everything lies that read() wants, neighbours joined.
void WordReader::plan() {
  struct Place {
    RemoteAddr begin;
    std::size_t size;
    std::size_t* offset;
  };
  std::vector<Place> places;
  gil_offsets_.assign(gils_.size(), 0);
  head_offsets_.assign(interpreters_.size(), {});
  for (std::size_t i = 0; i < gils_.size(); ++i) {
    if (gils_[i].in_use) places.push_back({gils_[i].address, layout_.gil.size, &gil_offsets_[i]});
  }
  for (std::size_t i = 0; i < interpreters_.size(); ++i) {
    const RemoteAddr interpreter = interpreters_[i].address;
    places.push_back({interpreter + layout_.interpreter.threads_next_id, 8, &head_offsets_[i].next_id});
    places.push_back({interpreter + layout_.interpreter.threads_head, 8, &head_offsets_[i].head});
  }
  std::ranges::sort(places, {}, &Place::begin);
  pieces_.clear();
  planned_bytes_ = 0;
  for (const Place& place : places) {
    const bool joins =
        !pieces_.empty() && place.begin.since(pieces_.back().begin) <= pieces_.back().size + kWorthJoining;
    if (!joins) {
      pieces_.push_back({place.begin, 0});
    }
    Piece& piece = pieces_.back();
    const std::size_t within = place.begin.since(piece.begin);
    const std::size_t size = std::max(piece.size, within + place.size);
    *place.offset = planned_bytes_ - piece.size + within;
    planned_bytes_ += size - piece.size;
    piece.size = size;
  }
}

void WordReader::add_ranges(std::span<std::byte> room, std::vector<ReadRange>& ranges) const {
  for (const Piece& piece : pieces_) {
    ranges.push_back({piece.begin, room.first(piece.size)});
    room = room.subspan(piece.size);
  }
}

void WordReader::view(std::span<const std::byte> bytes, std::vector<GilWords>& gils,
                      std::vector<ListHead>& heads) const {
  gils.resize(gils_.size());
  heads.resize(interpreters_.size());
  for (std::size_t i = 0; i < gils.size(); ++i) {
    gils[i] = gils_[i].in_use ? view_gil(bytes.subspan(gil_offsets_[i])) : at_rest(gils_[i], gils[i]);
  }
  const StructView all(bytes);
  for (std::size_t i = 0; i < heads.size(); ++i) {
    heads[i].next_id = all.get<std::uint64_t>(head_offsets_[i].next_id);
    heads[i].head = all.pointer(head_offsets_[i].head);
  }
}

Result<void> WordReader::read(std::vector<GilWords>& gils, std::vector<ListHead>& heads) {
  bytes_.resize(planned_bytes_);
  ranges_.clear();
  add_ranges(bytes_, ranges_);
  GILSPY_TRY(const std::size_t complete, target_.read_batch(ranges_));
  if (complete != ranges_.size()) return gone();
  view(bytes_, gils, heads);
  return {};
}

tl::unexpected<Error> WordReader::gone() {
  return fail(ErrorCode::kBadAddress, "an interpreter is no longer where it was");
}

}  // namespace gilspy::sample
