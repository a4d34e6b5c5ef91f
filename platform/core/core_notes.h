// What the notes of a core file tell about the process: threads with their registers, mapped files, its name.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core_file.h"
#include "gilspy/ids.h"
#include "gilspy/registers.h"
#include "gilspy/target.h"

namespace gilspy::platform {

struct CoreThread {
  Tid tid{};
  Registers registers;
  SyscallFacts call;
  Nanos cpu{0};
};

struct CoreMappedFile {
  RemoteAddr begin;
  RemoteAddr end;
  std::uint64_t file_offset = 0;
  std::string path;
};

struct CoreNotes {
  Pid pid{};
  std::string name;                   // as comm: cut after 15 bytes
  std::vector<std::string> command;   // cut after 80 bytes
  std::vector<CoreThread> threads;    // first the one that the core was made for
  std::vector<CoreMappedFile> files;  // by address
  int signal = 0;                     // that ended it; 0: it was not ended
  RemoteAddr program_headers;         // of the program, in memory; null: not told
  RemoteAddr vdso;
};

CoreNotes read_notes(const CoreFile& file);

// "SIGSEGV"; empty for a signal that leaves no core.
std::string core_signal_name(int signal);

}  // namespace gilspy::platform
