#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "core_target.h"
#include "gilspy/platform.h"

namespace gilspy::platform {
namespace {

// The path of the program is that of the mapping in which its headers lie.
std::string program_of(const CoreNotes& notes) {
  for (const CoreMappedFile& mapped : notes.files) {
    if (mapped.begin <= notes.program_headers && notes.program_headers < mapped.end) return mapped.path;
  }
  return {};
}

Result<void> check_executable(const CoreMemory& memory, const std::string& program, const std::string& executable) {
  if (executable.empty()) return {};
  const auto file = map_file(executable);
  if (!file.has_value()) {
    return fail(ErrorCode::kBadRecording, fmt::format("--executable cannot be read: {}", file.error().message()));
  }
  for (const Mapping& mapping : memory.mappings()) {
    if (mapping.path != program || program.empty()) continue;
    if (memory.file_of(mapping).has_value()) return {};
    return fail(ErrorCode::kMisfit,
                fmt::format("{} is not the program of the core, which ran {}", executable, program));
  }
  return fail(ErrorCode::kMisfit,
              fmt::format("the core does not tell where its program lay: {} is of no use", executable));
}

}  // namespace

Result<std::unique_ptr<CoreTarget>> open_core(const std::string& path, const CoreFiles& here) {
  if (std::error_code none; !std::filesystem::is_directory(here.root, none)) {
    return fail(ErrorCode::kBadRecording, fmt::format("--sysroot {}: there is no such folder", here.root));
  }
  GILSPY_TRY(auto file, CoreFile::open(path));
  CoreNotes notes = read_notes(*file);
  if (notes.threads.empty()) {
    return fail(ErrorCode::kBadRecording,
                fmt::format("{} has no threads: it is damaged, or was cut off at its very beginning", path));
  }
  LinuxCore::Parts parts;
  parts.identity.pid = notes.pid;
  parts.identity.command = notes.command;
  parts.identity.executable = program_of(notes);
  parts.identity.root = here.root;
  parts.memory = std::make_unique<CoreMemory>(*file, notes, parts.identity.executable, here);
  GILSPY_CHECK(check_executable(*parts.memory, parts.identity.executable, here.executable));
  parts.facts.path = path;
  parts.facts.signal = core_signal_name(notes.signal);
  if (notes.signal != 0) parts.facts.signalled = notes.threads.front().tid;
  parts.facts.bytes = parts.memory->bytes();
  parts.facts.bytes_missing = parts.memory->bytes_missing();
  parts.notes = std::move(notes);
  parts.file = std::move(file);
  return std::make_unique<LinuxCore>(std::move(parts));
}

}  // namespace gilspy::platform
