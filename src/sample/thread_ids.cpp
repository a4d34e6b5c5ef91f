#include "thread_ids.h"

#include <algorithm>
#include <array>

#include "gilspy/memory.h"

namespace gilspy::sample {
namespace {

constexpr std::size_t kSearched = 0x800;  // bytes of struct pthread
// Where it is in glibc 2.36 to 2.43 and in musl 1.2 on x86-64: decides while one thread alone leaves several places.
constexpr std::array<std::uint32_t, 2> kUsualPlaces{0x2d0, 0x30};

}  // namespace

std::optional<Tid> ThreadIds::tid_of(std::uint64_t native_id, ThreadIdent ident) {
  if (layout_.thread.native_thread_id == kAbsent) return from_pthread(ident);
  if (native_id == 0 || native_id > 0x7fffffff) return std::nullopt;
  const auto named = target_.tid_of_own_number(static_cast<std::int32_t>(native_id));
  if (named && *named != main_thread() && is_gone(*named) && from_pthread(ident) == main_thread()) return main_thread();
  return named;
}

Tid ThreadIds::main_thread() const { return static_cast<Tid>(to_int(target_.identity().pid)); }

bool ThreadIds::is_gone(Tid tid) {
  const auto facts = target_.sched_of(tid);
  return !facts.has_value() && facts.error().code() == ErrorCode::kGone;
}

std::optional<Tid> ThreadIds::from_pthread(ThreadIdent ident) {
  if (to_int(ident) == 0) return std::nullopt;
  if (!calibrated_ || (places_.size() > 1 && !seen_.contains(to_int(ident)))) calibrate(ident);
  if (places_.empty()) return std::nullopt;
  std::uint32_t place = places_.front();
  for (const std::uint32_t usual : kUsualPlaces) {
    if (std::ranges::binary_search(places_, usual)) place = usual;
  }
  const auto number = read_value<std::int32_t>(target_, RemoteAddr(to_int(ident)) + place);
  if (!number.has_value() || *number <= 0) return std::nullopt;
  return target_.tid_of_own_number(*number);
}

void ThreadIds::calibrate(ThreadIdent ident) {
  const auto tids = target_.threads();
  if (!tids.has_value()) return;
  std::unordered_set<std::int32_t> living;
  for (const Tid tid : *tids) living.insert(target_.own_number_of(tid));
  std::vector<std::byte> bytes(kSearched);
  while (!read_exact(target_, RemoteAddr(to_int(ident)), bytes).has_value()) {
    if (bytes.size() <= 64) return;
    bytes.resize(bytes.size() / 2);
  }
  std::vector<std::uint32_t> places;
  const StructView view(bytes);
  for (std::uint32_t at = 0; view.holds(at, 4); at += 4) {
    if (living.contains(view.get<std::int32_t>(at))) places.push_back(at);
  }
  if (calibrated_) {
    std::erase_if(places, [this](std::uint32_t place) { return !std::ranges::binary_search(places_, place); });
  }
  if (places.empty()) return;  // not a pthread: it says nothing about the others
  places_ = std::move(places);
  calibrated_ = true;
  seen_.insert(to_int(ident));
}

}  // namespace gilspy::sample
