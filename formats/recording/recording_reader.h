// Reads what a RecordingSink wrote, block by block, and trusts none of it: whatever the bytes are, what comes out can
// be given to a Classifier and an Aggregator.
#pragma once

#include <memory>
#include <string>

#include "gilspy/platform.h"
#include "gilspy/result.h"
#include "gilspy/run.h"
#include "gilspy/sample.h"
#include "gilspy/stacks.h"

namespace gilspy::recording {

// How a recording ends.
struct Ending {
  bool complete = false;
  std::string
      note;  // complete: why the run ended before it was asked to, else empty; if not: what is wrong, for people
};

class RecordingReader {
 public:
  // Reads up to the end of the first block. Errors: kBadRecording, for people, without the name of the file.
  static Result<std::unique_ptr<RecordingReader>> open(platform::ByteSource& source);
  virtual ~RecordingReader() = default;

  enum class Item {
    kSample,  // sample() is the next one
    kUpdate,  // update() is, behind the samples up to then
    kEnd,     // ending()
  };
  virtual Item next() = 0;

  virtual const RunFacts& facts() const = 0;
  virtual const Sample& sample() const = 0;
  virtual const RunUpdate& update() const = 0;
  virtual const Ending& ending() const = 0;
  virtual StackTable take_stacks() = 0;  // all that were named; once, at the end
};

}  // namespace gilspy::recording
