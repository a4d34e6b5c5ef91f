#include "refusal.h"

#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>

#include "gilspy/architecture.h"
#include "names.h"
#include "not_python.h"

namespace gilspy::locate {
namespace {

std::string architecture_of(const ElfFile& elf) {
  switch (elf.machine()) {
    case EM_386: return "32-bit x86";
    case EM_X86_64: return elf.is_64_bit() ? "x86-64" : "x32";
    case EM_ARM: return "32-bit ARM";
    case EM_AARCH64: return elf.is_64_bit() ? "aarch64" : "32-bit aarch64";
    case EM_RISCV: return elf.is_64_bit() ? "64-bit RISC-V" : "32-bit RISC-V";
    case EM_PPC64: return "ppc64";
    case EM_S390: return elf.is_64_bit() ? "s390x" : "s390";
    default: return fmt::format("another architecture (ELF machine {})", elf.machine());
  }
}

std::optional<Error> foreign_architecture(int pid, const Images& images) {
  for (const OpenImage& open : images.open) {
    if (is_readable(open.elf)) continue;
    return Error(ErrorCode::kUnsupported,
                 fmt::format("{}, which process {} runs, is built for {}; this gilspy reads {} programs only",
                             open.image.path, pid, architecture_of(open.elf), kOwnArchitecture.name));
  }
  return std::nullopt;
}

std::optional<Error> pypy(int pid, const std::string& executable, std::span<const Mapping> mappings) {
  const bool library = std::ranges::any_of(mappings, [](const Mapping& m) { return is_pypy(m.path); });
  if (!library && !is_pypy(executable)) return std::nullopt;
  return Error(ErrorCode::kUnsupported,
               fmt::format("process {} runs PyPy, whose memory gilspy cannot read: it reads CPython only", pid));
}

// CPython had no _PyRuntime before 3.7, but a variable for the thread that holds the GIL.
std::optional<Error> too_old(int pid, const Images& images) {
  for (const OpenImage& open : images.open) {
    if (!open.elf.any_symbol("_PyThreadState_Current")) continue;
    const auto version = version_in_name(open.image.path);
    return Error(ErrorCode::kUnsupported,
                 fmt::format("process {} runs CPython{} ({}): older than 3.7, which gilspy cannot read", pid,
                             version ? " " + version->text() : "", open.image.path));
  }
  return std::nullopt;
}

bool waits_for_library(const Images& images) {
  const bool library_seen =
      std::ranges::any_of(images.open, [](const OpenImage& open) { return !open.image.is_program; });
  return !library_seen &&
         std::ranges::any_of(images.open, [](const OpenImage& open) { return open.elf.needs("libpython"); });
}

}  // namespace

bool is_readable(const ElfFile& elf) { return elf.is_64_bit() && elf.machine() == kOwnArchitecture.elf_machine; }

tl::unexpected<Error> refusal(Target& target, const Images& images, std::span<const Mapping> mappings) {
  const int pid = to_int(target.identity().pid);
  if (auto error = foreign_architecture(pid, images)) return tl::unexpected(std::move(*error));
  if (auto error = pypy(pid, target.identity().executable, mappings)) return tl::unexpected(std::move(*error));
  if (waits_for_library(images)) {
    return fail(ErrorCode::kNotReady, fmt::format("process {} has not loaded its libpython yet", pid));
  }
  if (auto error = too_old(pid, images)) return tl::unexpected(std::move(*error));
  if (images.failure) return tl::unexpected(*images.failure);
  for (const OpenImage& open : images.open) {
    if (is_python(open)) {
      return fail(ErrorCode::kMisfit,
                  fmt::format("no runtime of CPython was found in {}, which process {} runs: another Python than "
                              "CPython, or one without any symbols",
                              open.image.path, pid));
    }
  }
  return fail(ErrorCode::kNotPython, not_python_text(target.identity(), python_descendants(target)));
}

}  // namespace gilspy::locate
