// The tracks that viewers show: what is about the whole and its GILs, and processes with their threads.
//
// Perfetto's viewer puts the tracks of a process behind its threads, and what belongs to no process above all, in the
// order of names; but only if it has children. So the verdict and each GIL have a track there, with counters below.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gilspy/profile.h"
#include "packets.h"

namespace gilspy::perfetto {

// Numbers of tracks, by what they show.
class Tracks {
 public:
  explicit Tracks(const Profile& profile);

  static constexpr std::uint64_t kAbout = 1, kCommand = 2, kCpus = 3;
  std::uint64_t owner(GilIndex gil) const { return first_gil_ + kOfGil * to_int(gil); }
  std::uint64_t waiters(GilIndex gil) const { return owner(gil) + 1; }
  std::uint64_t activity(ThreadIndex thread) const { return first_thread_ + kOfThread * to_int(thread) + 1; }
  std::uint64_t holdings(ThreadIndex thread) const { return activity(thread) + 1; }

  // Before anything is shown in them.
  void describe(Packets& packets) const;

 private:
  static constexpr std::uint64_t kFirstProcess = 4, kOfGil = 2, kOfThread = 3;
  static std::uint64_t itself(std::uint32_t process) { return kFirstProcess + process; }
  // A thread that visits several interpreters is one in each of them, with the same tid: viewers show one, the first.
  std::uint64_t itself(ThreadIndex thread) const { return first_thread_ + kOfThread * to_int(firsts_[to_int(thread)]); }
  bool is_shown(ThreadIndex thread) const;
  bool is_first(ThreadIndex thread) const { return firsts_[to_int(thread)] == thread; }

  void describe_whole(Packets& packets) const;
  void describe_gil(Packets& packets, const GilProfile& gil) const;
  void describe_process(Packets& packets, std::uint32_t process) const;
  void describe_thread(Packets& packets, const ThreadProfile& thread) const;
  void describe_lanes(Packets& packets, const ThreadProfile& thread) const;

  const Profile& profile_;
  std::vector<bool> with_tenures_;  // by ThreadIndex
  std::uint64_t first_gil_;
  std::uint64_t first_thread_;
  std::vector<ThreadIndex> firsts_;  // by ThreadIndex
};

}  // namespace gilspy::perfetto
