// Reads what a RecordingSink wrote, block by block, and trusts none of it: whatever the bytes are, what comes out can
// be given to a Classifier and an Aggregator.
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

// How a recording ends.
struct Ending {
  bool complete = false;
  // Complete: why the run ended before it was asked to, else empty; if not: what is wrong, for people.
  std::string note;
  std::vector<std::string> unread;  // as in Profile
};

class RecordingReader {
 public:
  // Reads up to the end of the first block. Errors: kBadRecording, for people, without the name of the file.
  static Result<std::unique_ptr<RecordingReader>> open(platform::ByteSource& source);
  virtual ~RecordingReader() = default;

  enum class Item {
    kSample,  // sample() is the next one of process()
    kUpdate,  // update() is, behind the samples up to then
    kEnd,     // ending()
  };
  virtual Item next() = 0;

  // Processes are numbered from 0 in the order in which they are met; the first is known from the beginning.
  virtual bool is_of_several() const = 0;     // or could be
  virtual std::size_t processes() const = 0;  // met so far
  virtual std::size_t process() const = 0;
  virtual const RunFacts& facts(std::size_t process = 0) const = 0;
  virtual const Sample& sample() const = 0;
  virtual const RunUpdate& update() const = 0;
  virtual const Ending& ending() const = 0;
  virtual const std::string& end_note(std::size_t process) const = 0;  // why it ended early; at the end
  virtual StackTable take_stacks(std::size_t process = 0) = 0;         // all that were named; once, at the end
};

}  // namespace gilspy::recording
