// The blocks of a file, one after the other.
#pragma once

#include <memory>
#include <vector>

#include "gilspy/platform.h"
#include "gilspy/result.h"
#include "recording.pb.h"

namespace gilspy::recording {

class BlockFile {
 public:
  explicit BlockFile(platform::ByteSource& source);  // which must outlive it
  ~BlockFile();

  // What stands before the blocks. Errors: kBadRecording.
  Result<void> check_header();
  bool is_of_several() const { return several_; }  // processes

  enum class Outcome { kBlock, kNothing, kCutOff, kDamaged };
  // kNothing: the file ends behind the block before; kCutOff: in the middle of this one. Not to be called again then.
  Outcome next(wire::Block& block);

 private:
  struct Decompressor;

  bool unpack(wire::Block& block);

  platform::ByteSource& source_;
  std::unique_ptr<Decompressor> decompressor_;
  std::uint32_t next_number_ = 0;
  bool several_ = false;
  std::vector<std::byte> packed_;
  std::vector<std::byte> bytes_;
};

}  // namespace gilspy::recording
