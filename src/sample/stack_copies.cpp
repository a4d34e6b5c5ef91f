#include "stack_copies.h"

#include <algorithm>

namespace gilspy::sample {

const std::byte* Copy::find(RemoteAddr address, std::size_t size) const {
  const auto holds = [&](const auto& place) {
    const Region& region = place.first;
    return address.in(region.begin, region.size) && size <= region.size - address.since(region.begin);
  };
  auto found = regions.begin() + static_cast<std::ptrdiff_t>(std::min(latest, regions.size() - 1));
  if (!holds(*found)) {
    const auto sorted = regions.begin() + static_cast<std::ptrdiff_t>(sorted_from);
    found = std::find_if(regions.begin(), sorted, holds);
    if (found == sorted) {
      const auto above = std::ranges::upper_bound(sorted, regions.end(), address, {},
                                                  [](const auto& place) { return place.first.begin; });
      found = above != sorted && holds(*std::prev(above)) ? std::prev(above) : regions.end();
    }
  }
  if (found == regions.end()) return nullptr;
  latest = static_cast<std::size_t>(found - regions.begin());
  return found->second.data() + address.since(found->first.begin);
}

void StackCopies::lay_out_copy(const StackRequest& request, Copy& copy) {
  copy.regions.clear();
  copy.sorted_from = 1 + request.plan->chunks.size();
  copy.latest = 0;
  copy.loose_reads = 0;
  copy.regions.push_back({{request.thread_state, layout_.thread.size}, {}});
  for (const Region& region : request.plan->chunks) copy.regions.push_back({region, {}});
  for (const Region& region : request.plan->others) copy.regions.push_back({region, {}});
}

void StackCopies::lay_out(std::span<const StackRequest> requests, std::span<const std::size_t> which) {
  pairs_.resize(std::max(pairs_.size(), requests.size()));
  ranges_.clear();
  owners_.clear();
  std::size_t total = 0;
  for (const std::size_t i : which) {
    CopyPair& pair = pairs_[i];
    pair.complete = true;
    lay_out_copy(requests[i], pair.first);
    for (const auto& [region, bytes] : pair.first.regions) total += 2 * std::size_t{region.size};
    if (!requests[i].still) pair.second = pair.first;
  }
  bytes_.resize(std::max(bytes_.size(), total));
  std::span<std::byte> room(bytes_);
  const auto place = [&](std::size_t request, auto regions) {
    for (auto& [region, bytes] : regions) {
      bytes = room.first(region.size);
      ranges_.push_back({region.begin, room.first(region.size)});
      owners_.push_back(request);
      room = room.subspan(region.size);
    }
  };
  for (const std::size_t i : which) {
    const std::span first(pairs_[i].first.regions);
    const std::span second(pairs_[i].second.regions);
    if (requests[i].still) {
      place(i, first);
    } else if (layout_.frame_root != FrameRoot::kFrameObjects) {
      place(i, first);
      place(i, second);
    } else {
      place(i, first.subspan(1));
      place(i, first.first(1));
      second.front() = first.front();
      place(i, second.subspan(1));
    }
  }
}

// What is no longer mapped there: a chunk of the data stack that was given back, or a frame outside of it.
void StackCopies::forget(RemoteAddr place, StackPlan& plan) const {
  const auto is_it = [&](const Region& region) { return region.begin == place; };
  if (plan.chunks.size() > 1 && std::erase_if(plan.chunks, is_it) > 0) return;
  if (std::ranges::none_of(plan.others, is_it)) {
    plan = {};
    return;
  }
  plan.others.clear();
  plan.extras.clear();
  plan.recent.clear();
  keep_outermost(place, plan);
}

// Of a deep stack of objects: to find them again costs a read a frame.
void StackCopies::keep_outermost(RemoteAddr gone, StackPlan& plan) const {
  const auto left_out = std::ranges::find(plan.frames, RemoteAddr{});
  constexpr std::uint64_t kLargest = 1U << 16;  // of places that were joined
  const bool all = left_out == plan.frames.end() || std::any_of(plan.frames.begin(), left_out, [&](RemoteAddr frame) {
                     return frame.in(gone, kLargest);
                   });
  if (all) return plan.frames.clear();
  plan.frames.erase(std::next(left_out), plan.frames.end());
  for (auto frame = plan.frames.begin(); std::next(frame) != plan.frames.end(); ++frame) {
    plan.others.push_back({*frame, layout_.frame.size});
  }
  std::ranges::sort(plan.others, {}, &Region::begin);
}

Result<void> StackCopies::read(MemoryReader& memory, std::span<const StackRequest> requests) {
  for (std::size_t at = 0; at < ranges_.size();) {
    GILSPY_TRY(const std::size_t complete, memory.read_batch(std::span(ranges_).subspan(at)));
    at += complete;
    if (at >= ranges_.size()) break;
    const std::size_t owner = owners_[at];
    pairs_[owner].complete = false;
    forget(ranges_[at].from, *requests[owner].plan);
    while (at < ranges_.size() && owners_[at] == owner) ++at;
  }
  return {};
}

void StackCopies::note_read(std::size_t complete, std::span<const StackRequest> requests) {
  if (complete >= ranges_.size()) return;
  forget(ranges_[complete].from, *requests[owners_[complete]].plan);
  for (std::size_t at = complete; at < ranges_.size(); ++at) pairs_[owners_[at]].complete = false;
}

}  // namespace gilspy::sample
