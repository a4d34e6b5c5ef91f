// The tracks that viewers show one below the other: process, GILs, threads.
#pragma once

#include <cstdint>
#include <vector>

#include "gilspy/profile.h"
#include "packets.h"

namespace gilspy::perfetto {

// Numbers of tracks, by what they show.
class Tracks {
 public:
  explicit Tracks(const Profile& profile);

  static constexpr std::uint64_t kProcess = 1, kAbout = 2, kCpus = 3;
  std::uint64_t owner(GilIndex gil) const { return first_gil_ + kOfGil * to_int(gil) + 1; }
  std::uint64_t waiters(GilIndex gil) const { return first_gil_ + kOfGil * to_int(gil) + 2; }
  std::uint64_t activity(ThreadIndex thread) const { return is_first(thread) ? itself(thread) : itself(thread) + 1; }
  std::uint64_t holdings(ThreadIndex thread) const { return itself(thread) + 2; }

  // Before anything is shown in them.
  void describe(Packets& packets) const;

 private:
  static constexpr std::uint64_t kOfGil = 3, kOfThread = 3;
  std::uint64_t group(GilIndex gil) const { return first_gil_ + kOfGil * to_int(gil); }
  std::uint64_t itself(ThreadIndex thread) const { return first_thread_ + kOfThread * to_int(thread); }
  bool is_shown(ThreadIndex thread) const;
  bool is_first(ThreadIndex thread) const { return firsts_[to_int(thread)] == thread; }

  void describe_process(Packets& packets) const;
  void describe_gil(Packets& packets, const GilProfile& gil, int rank) const;
  void describe_thread(Packets& packets, const ThreadInfo& info) const;
  void describe_lanes(Packets& packets, const ThreadInfo& info) const;

  const Profile& profile_;
  std::vector<bool> with_tenures_;  // by ThreadIndex
  std::uint64_t first_gil_ = 4;
  std::uint64_t first_thread_ = 0;
  // By ThreadIndex. A thread that visits several interpreters is one in each of them, with the same tid: viewers show
  // one thread, the first, and the others as tracks in it.
  std::vector<ThreadIndex> firsts_;
};

}  // namespace gilspy::perfetto
