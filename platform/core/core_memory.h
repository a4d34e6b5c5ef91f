// The memory of the process: what the core file has of it, and behind that what files have.
#pragma once

#include <elf.h>

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core_file.h"
#include "core_notes.h"
#include "gilspy/core.h"
#include "gilspy/target.h"

namespace gilspy::platform {

class CoreMemory {
 public:
  // The file must outlive it. `program`: the path of the program, as the process had it.
  CoreMemory(const CoreFile& file, const CoreNotes& notes, std::string program, CoreFiles here);

  const std::vector<Mapping>& mappings() const { return mappings_; }
  // False: some of it is nowhere.
  bool read(RemoteAddr from, std::span<std::byte> into);
  // As Target::file_of.
  Result<std::unique_ptr<FileBytes>> file_of(const Mapping& mapping) const;
  // Bytes that the headers promise, and those of them that the file ends before.
  std::uint64_t bytes() const;
  std::uint64_t bytes_missing() const;
  // Programs and libraries that were asked for, and are not here, or other builds.
  const std::vector<std::string>& files_missing() const { return missing_; }

 private:
  void add_segments(const CoreNotes& notes);
  void add_what_files_have(const CoreNotes& notes);
  std::vector<Elf64_Phdr> segments_in_file(const Mapping& mapping) const;
  const CoreSegment* segment_of(const Mapping& mapping) const;
  std::size_t read_piece(const Mapping& mapping, RemoteAddr from, std::span<std::byte> into);
  std::size_t read_from_core(const CoreSegment& segment, std::uint64_t at, std::span<std::byte> into) const;
  std::size_t read_from_file(const Mapping& mapping, std::uint64_t at, std::span<std::byte> into);
  enum class Sameness { kSame, kOther, kNoProgram };
  Sameness compare(const Mapping& mapping, std::span<const std::byte> bytes) const;

  const CoreFile& file_;
  std::string program_;
  CoreFiles here_;
  std::vector<Mapping> mappings_;                            // by address: one a segment of the file
  std::map<std::string, std::unique_ptr<FileBytes>> files_;  // by path; null: it cannot be had
  std::vector<std::string> missing_;
};

}  // namespace gilspy::platform
