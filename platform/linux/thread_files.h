// What the kernel tells about single threads, through descriptors that stay open: a third of the cost of opening.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gilspy/ids.h"
#include "gilspy/result.h"
#include "gilspy/target.h"
#include "proc_files.h"
#include "unique_fd.h"

namespace gilspy::platform {

class ThreadFiles {
 public:
  // `keep` descriptors at most are kept open; the files of further threads are opened for every read.
  ThreadFiles(Folder task_folder, std::size_t keep) : folder_(std::move(task_folder)), keep_(keep) {}

  Result<std::vector<Tid>> threads();
  Result<SyscallFacts> syscall_of(Tid tid);
  Result<SchedFacts> sched_of(Tid tid);
  Result<std::string> text_of(Tid tid, std::string_view file);  // any file of the thread's folder, opened for this
  void forget(Tid tid);

 private:
  struct Kept {
    UniqueFd syscall;
    UniqueFd schedstat;
  };

  Result<std::string_view> read(Tid tid, UniqueFd Kept::*which, std::string_view file, std::span<char> buffer);
  Result<UniqueFd> open(Tid tid, std::string_view file) const;
  bool exists(Tid tid) const;

  Folder folder_;
  std::size_t keep_ = 0;
  std::size_t kept_count_ = 0;
  std::unordered_map<std::int32_t, Kept> kept_;
};

}  // namespace gilspy::platform
