// From a thread state to the kernel's thread id.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_set>
#include <vector>

#include "gilspy/ids.h"
#include "gilspy/layout.h"
#include "gilspy/target.h"

namespace gilspy::sample {

// 3.11 and later keep it in the thread state (native_thread_id), as the target's own PID namespace counts. Before,
// there is only the pthread_t, which is the address of libc's struct pthread; that has the tid, at a place that differs
// from libc to libc. It is the one place where every thread has a living thread's number.
//
// A child that C code made with fork(), without telling Python (uWSGI's workers), has the number of its parent's thread
// in the thread state of its main one.
class ThreadIds {
 public:
  ThreadIds(Target& target, const RuntimeLayout& layout) : target_(target), layout_(layout) {}

  // `native_id`: PyThreadState.native_thread_id, where there is one. Nothing: the thread does not exist (yet).
  std::optional<Tid> tid_of(std::uint64_t native_id, ThreadIdent ident);

 private:
  std::optional<Tid> from_pthread(ThreadIdent ident);
  void calibrate(ThreadIdent ident);
  Tid main_thread() const;
  bool is_gone(Tid tid);

  Target& target_;
  const RuntimeLayout& layout_;
  bool calibrated_ = false;                 // `places_` holds what the threads seen so far have in common
  std::vector<std::uint32_t> places_;       // offsets in struct pthread, ascending
  std::unordered_set<std::uint64_t> seen_;  // idents that took part
};

}  // namespace gilspy::sample
