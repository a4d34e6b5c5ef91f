// Writes down what a run reads, while it reads it: facts only, so that a better judgement improves old recordings.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gilspy/platform.h"
#include "gilspy/result.h"
#include "gilspy/run.h"
#include "gilspy/sample.h"
#include "gilspy/stacks.h"

namespace gilspy::recording {

// The file of a recording, to which the sinks of one process or of several write. Used by one thread.
class RecordingFile {
 public:
  enum class Of { kOneProcess, kSeveral };
  // Starts the thread that writes. The file must outlive this.
  RecordingFile(platform::AppendFile& file, Of of);
  ~RecordingFile();

  // Behind the last sink's end; waits until all is written. `note` and `unread` are those of the program (Profile), and
  // only kept where there may be several processes. Errors: kCannotWrite, also of blocks before; the file then holds
  // the whole blocks up to written_until().
  Result<void> close(std::string note = {}, std::vector<std::string> unread = {});

  bool failed() const;          // nothing more is written: close() says why
  Nanos written_until() const;  // since the first sample

 private:
  friend class RecordingSink;
  struct State;
  std::unique_ptr<State> state_;
};

// One process: begin, then samples; a block ends about once a second and is what is lost at most when gilspy is killed.
// One that is given up before its first block ended leaves nothing in the file.
class RecordingSink {
 public:
  // File and table must outlive the sink.
  RecordingSink(RecordingFile& file, const StackTable& stacks);
  ~RecordingSink();

  void begin(RunFacts facts);
  void add(const Sample& sample);
  bool block_is_full() const;  // so that it should end before its second is over
  void end_block(RunUpdate update);
  void end(RunUpdate update, std::string note);  // the last block

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gilspy::recording
