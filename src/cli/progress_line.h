// One line that is written over and over while a recording lasts, on terminals only.
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>

#include "gilspy/ids.h"
#include "gilspy/platform.h"

namespace gilspy::cli {

class ProgressLine {
 public:
  ProgressLine(Pid pid, std::optional<Nanos> duration)
      : pid_(pid), duration_(duration), shown_(platform::stderr_is_terminal()) {}
  ~ProgressLine() {
    if (shown_) std::fputs("\r\033[K", stderr);
  }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void show(Nanos elapsed, std::uint64_t ticks) const {
    if (!shown_) return;
    const auto in_seconds = [](Nanos time) { return std::chrono::duration<double>(time).count(); };
    const std::string until =
        duration_ ? fmt::format(" of {:g} s", in_seconds(*duration_)) : " s, Ctrl-C to stop and write";
    std::fputs(
        fmt::format("\r\033[Krecording process {}: {:.1f}{}, {} ticks", to_int(pid_), in_seconds(elapsed), until, ticks)
            .c_str(),
        stderr);
    std::fflush(stderr);
  }

 private:
  Pid pid_;
  std::optional<Nanos> duration_;
  bool shown_;
};

}  // namespace gilspy::cli
