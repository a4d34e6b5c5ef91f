// From filled columns to bytes in the file, on a thread of its own: a slow disk must not hold up the sampling.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "columns.h"
#include "gilspy/platform.h"
#include "gilspy/result.h"
#include "gilspy/run.h"

namespace gilspy::recording {

struct ProgramEnding {
  std::string note;
  std::vector<std::string> unread;
};

struct FilledBlock {
  std::uint32_t process = 0;
  std::optional<RunFacts> facts;  // of the first block
  std::uint32_t ticks = 0;
  std::uint32_t frames = 0;
  std::uint32_t nodes = 0;
  std::array<std::string, kKinds> columns;
  RunUpdate update;
  std::optional<std::string> end_note;   // of the last block
  std::optional<ProgramEnding> program;  // of the last block of a recording of several processes
  Nanos until{0};                        // time from the recording's first tick to the block's last
};

class BlockWriter {
 public:
  BlockWriter(platform::AppendFile& file, std::uint32_t version);  // the file must outlive it
  ~BlockWriter();                                                  // what is queued is written
  BlockWriter(const BlockWriter&) = delete;
  BlockWriter& operator=(const BlockWriter&) = delete;

  // Waits while too many blocks are on their way.
  void push(FilledBlock block);
  bool failed() const { return failed_.load(std::memory_order_relaxed); }
  // Waits for the end of all writing. Nothing may be pushed any more.
  Result<void> close();
  Nanos written_until() const;

 private:
  struct Compressor;

  void run();
  Result<void> write(const FilledBlock& block);

  platform::AppendFile& file_;
  std::uint32_t version_;
  std::unique_ptr<Compressor> compressor_;
  std::vector<std::byte> bytes_;
  std::uint32_t next_number_ = 0;

  mutable std::mutex mutex_;  // of all below
  std::condition_variable changed_;
  std::deque<FilledBlock> queue_;
  bool closing_ = false;
  std::optional<Error> error_;
  Nanos written_until_{0};
  std::atomic<bool> failed_{false};
  std::thread thread_;
};

}  // namespace gilspy::recording
