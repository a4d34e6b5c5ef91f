// Writes down what a run reads, while it reads it: facts only, so that a better judgement improves old recordings.
#pragma once

#include <memory>
#include <string>

#include "gilspy/platform.h"
#include "gilspy/result.h"
#include "gilspy/run.h"
#include "gilspy/sample.h"
#include "gilspy/stacks.h"

namespace gilspy::recording {

// begin, then samples; a block ends about once a second and is what is lost at most when gilspy is killed.
class RecordingSink {
 public:
  // Starts the thread that writes. File and table must outlive the sink.
  RecordingSink(platform::AppendFile& file, const StackTable& stacks);
  ~RecordingSink();

  void begin(RunFacts facts);
  void add(const Sample& sample);
  bool block_is_full() const;  // so that it should end before its second is over
  void end_block(RunUpdate update);
  // The last block, then waits until all is written. Errors: kCannotWrite, also of blocks before; the file then holds
  // the whole blocks up to written_until().
  Result<void> end(RunUpdate update, std::string note);

  bool failed() const;          // nothing more is written: end() says why
  Nanos written_until() const;  // since the first sample

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gilspy::recording
