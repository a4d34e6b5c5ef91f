// How many threads wait for a GIL, as a counter.
#pragma once

#include <cstddef>
#include <vector>

#include "formats/json/json_stream.h"
#include "gilspy/profile.h"

namespace gilspy::firefox {

class Waiters {
 public:
  explicit Waiters(const Profile& profile) : gils_(profile.gils.size()) {}

  void add(GilIndex gil, const Lane& lane);
  // Elements of `counters`, once all lanes are known. `main_places`: of each process's main thread in the file.
  void write(formats::JsonStream& json, const Profile& profile, const std::vector<std::size_t>& main_places);

 private:
  struct Change {
    Nanos at{0};
    int by = 0;
  };
  static void sum_up(std::vector<Change>& changes);

  std::vector<std::vector<Change>> gils_;  // by GilIndex
};

}  // namespace gilspy::firefox
