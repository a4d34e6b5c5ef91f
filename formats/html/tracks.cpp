#include "tracks.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace gilspy::html {
namespace {

constexpr std::size_t kFew = 4;  // threads of one kind that may keep lanes of their own

bool is_digit(char c) { return c >= '0' && c <= '9'; }

using Kind = std::tuple<std::int64_t, std::uint32_t, std::string>;  // interpreter, GIL, name

Kind kind_of(const ThreadInfo& info) { return {info.interpreter_id, to_int(info.gil), html::kind_of(info.name)}; }

struct Life {
  ThreadIndex thread{};
  Nanos from{0};
  Nanos to{0};
};

// Each goes to the track that has been free for the shortest time.
std::vector<std::vector<ThreadIndex>> packed(std::vector<Life> lives) {
  std::sort(lives.begin(), lives.end(),
            [](const Life& a, const Life& b) { return std::tie(a.from, a.thread) < std::tie(b.from, b.thread); });
  std::vector<std::vector<ThreadIndex>> packs;
  std::multimap<Nanos, std::size_t> free_since;
  for (const Life& life : lives) {
    auto free = free_since.upper_bound(life.from);
    std::size_t pack = packs.size();
    if (free == free_since.begin()) {
      packs.emplace_back();
    } else {
      pack = (--free)->second;
      free_since.erase(free);
    }
    packs[pack].push_back(life.thread);
    free_since.emplace(life.to, pack);
  }
  return packs;
}

}  // namespace

std::string kind_of(std::string_view name) {
  if (const std::size_t open = name.find(" ("); open != name.npos && name.ends_with(')')) {
    const std::string_view inner = name.substr(open + 2, name.size() - open - 3);
    if (!inner.empty() && !std::all_of(inner.begin(), inner.end(), is_digit)) return std::string(inner);
  }
  std::string kind;
  for (const char c : name) {
    if (!is_digit(c)) kind += c;
  }
  while (!kind.empty() && (kind.back() == '-' || kind.back() == '_' || kind.back() == ' ')) kind.pop_back();
  return kind;
}

std::vector<Track> tracks(const Profile& profile) {
  std::map<Kind, std::vector<Life>> kinds;
  const std::vector<Lane>& lanes = profile.timeline.lanes;
  for (std::size_t i = 0; i < std::min(lanes.size(), profile.threads.size()); ++i) {
    if (lanes[i].empty()) continue;
    kinds[kind_of(profile.threads[i].info)].push_back(
        {.thread = ThreadIndex(i), .from = lanes[i].front().from, .to = lanes[i].back().to});
  }
  std::vector<Track> tracks;
  const auto alone = [&](ThreadIndex thread) {
    tracks.push_back({.name = profile.threads[to_int(thread)].info.name, .threads = {thread}});
  };
  for (const auto& [kind, lives] : kinds) {
    if (lives.size() <= kFew) {
      for (const Life& life : lives) alone(life.thread);
      continue;
    }
    for (std::vector<ThreadIndex>& pack : packed(lives)) {
      if (pack.size() == 1) {
        alone(pack.front());
      } else {
        tracks.push_back({.name = std::get<2>(kind), .threads = std::move(pack)});
      }
    }
  }
  return tracks;
}

}  // namespace gilspy::html
