// Recordings in memory.
#pragma once

#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "formats/recording/recording_reader.h"
#include "formats/recording/recording_sink.h"
#include "gilspy/platform.h"
#include "src/cli/replay.h"

namespace gilspy::recording {

// A file on a disk with room for `room` bytes.
class MemoryFile final : public platform::AppendFile {
 public:
  explicit MemoryFile(std::size_t room = std::string::npos) : room_(room) {}

  Result<void> append(std::span<const std::byte> bytes) override {
    if (bytes.size() > room_) return fail(ErrorCode::kCannotWrite, "cannot write memory: No space left on device");
    room_ -= bytes.size();
    for (const std::byte byte : bytes) text.push_back(static_cast<char>(byte));
    return {};
  }
  Result<void> close() override {
    closed = true;
    return {};
  }

  std::string text;
  bool closed = false;

 private:
  std::size_t room_;
};

// The recording of one process.
class OneProcess {
 public:
  OneProcess(platform::AppendFile& file, const StackTable& stacks)
      : file_(file, RecordingFile::Of::kOneProcess), sink_(file_, stacks) {}

  void begin(RunFacts facts) { sink_.begin(std::move(facts)); }
  void add(const Sample& sample) { sink_.add(sample); }
  bool block_is_full() const { return sink_.block_is_full(); }
  void end_block(RunUpdate update) { sink_.end_block(std::move(update)); }
  Result<void> end(RunUpdate update, std::string note) {
    sink_.end(std::move(update), std::move(note));
    return file_.close();
  }
  bool failed() const { return file_.failed(); }
  Nanos written_until() const { return file_.written_until(); }

 private:
  RecordingFile file_;
  RecordingSink sink_;
};

class MemorySource final : public platform::ByteSource {
 public:
  explicit MemorySource(std::string_view text) : rest_(text) {}

  Result<std::size_t> read(std::span<std::byte> into) override {
    const std::size_t size = std::min(into.size(), rest_.size());
    if (size > 0) std::memcpy(into.data(), rest_.data(), size);
    rest_.remove_prefix(size);
    return size;
  }

 private:
  std::string_view rest_;
};

inline Result<cli::Replayed> replay_text(std::string_view text) {
  MemorySource source(text);
  GILSPY_TRY(const auto reader, RecordingReader::open(source));
  return cli::replay(*reader);
}

inline std::string little_endian(std::uint32_t value) {
  std::string bytes;
  for (int i = 0; i < 4; ++i) bytes.push_back(static_cast<char>(value >> (8 * i)));
  return bytes;
}

inline std::string file_header(std::uint32_t version = 1) { return "\x8egilspy re\r\n" + little_endian(version); }

// A message as it stands in a file, its checksum right whatever it says.
inline std::string packed(std::string_view message) {
  std::string frame(ZSTD_compressBound(message.size()), '\0');
  frame.resize(ZSTD_compress(frame.data(), frame.size(), message.data(), message.size(), 1));
  const auto size = static_cast<std::uint32_t>(frame.size());
  return little_endian(size) + little_endian(~size) + frame;
}

}  // namespace gilspy::recording
