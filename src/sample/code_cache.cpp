#include "code_cache.h"

#include <algorithm>
#include <vector>

#include "gilspy/memory.h"
#include "objects.h"

namespace gilspy::sample {

namespace {

constexpr std::uint32_t kBeforeTheFirst = 0xffffffff;  // a frame that is only being set up
constexpr std::uint64_t kLargestCode = 1U << 30;
constexpr std::uint32_t kLargestFrame = 1U << 20;
constexpr std::size_t kLongestName = 240;   // bytes; those that somebody wrote are shorter
constexpr std::size_t kLongestFile = 1200;  // a path of 4,096 is allowed, and nobody can read it

std::string shortened(std::string text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0U) == 0x80) --most;  // within a character
  text.resize(most);
  return text + "\xe2\x80\xa6";  // U+2026
}

}  // namespace

std::optional<FrameId> CodeCache::frame(RemoteAddr code, Instruction instruction) {
  Entry* const known = entry(code);
  if (known == nullptr) return std::nullopt;
  const std::uint32_t offset = offset_of(*known, code, instruction);
  if (const auto found = known->frames.find(offset); found != known->frames.end()) return found->second;
  const int first_line = known->fingerprint.first_line;
  Frame made{known->function, known->file, 0, first_line};
  if (offset != kBeforeTheFirst) made.line = known->lines.line_at(offset);
  if (made.line == 0) made.line = first_line;
  return known->frames.emplace(offset, stacks_.intern(std::move(made))).first->second;
}

std::optional<std::uint32_t> CodeCache::unit_of(RemoteAddr code, Instruction instruction) {
  Entry* const known = entry(code);
  if (known == nullptr) return std::nullopt;
  const std::uint32_t offset = offset_of(*known, code, instruction);
  return offset == kBeforeTheFirst ? std::nullopt : std::optional(offset / 2);
}

std::uint32_t CodeCache::frame_bytes(RemoteAddr code) {
  const Entry* const known = entry(code);
  return known != nullptr ? known->fingerprint.frame_bytes : 0;
}

// In bytes from the first instruction.
std::uint32_t CodeCache::offset_of(Entry& entry, RemoteAddr code, Instruction instruction) {
  std::uint64_t offset = 0;
  if (layout_.code.instructions == kAbsent) {
    offset = instruction.position < kLargestCode ? instruction.position * layout_.code.lasti_unit : kLargestCode;
  } else {
    const RemoteAddr base = instruction.tlbc_index == 0 ? code + layout_.code.instructions
                                                        : base_of_copy(entry, code, instruction.tlbc_index);
    offset = RemoteAddr(instruction.position).since(base);
  }
  return offset < kLargestCode ? static_cast<std::uint32_t>(offset) : kBeforeTheFirst;
}

// Free-threaded 3.14+: every thread runs a copy of the bytecode of its own; co_tlbc lists them (pycore_code.h).
RemoteAddr CodeCache::base_of_copy(Entry& entry, RemoteAddr code, std::uint32_t tlbc_index) {
  constexpr std::uint32_t kMostCopies = 1U << 20;
  if (const auto known = entry.tlbc_base.find(tlbc_index); known != entry.tlbc_base.end()) return known->second;
  if (layout_.code.tlbc == kAbsent || tlbc_index >= kMostCopies) return {};
  const auto copies = read_pointer(memory_, code + layout_.code.tlbc);
  if (!copies.has_value()) return {};
  const auto base = read_pointer(memory_, *copies + layout_.code.tlbc_entries + tlbc_index * 8);
  if (!base.has_value() || base->is_null()) return {};
  return entry.tlbc_base[tlbc_index] = *base;
}

CodeCache::Entry* CodeCache::entry(RemoteAddr code) {
  auto found = entries_.find(code);
  if (found != entries_.end() && found->second.epoch == epoch_) return &found->second;
  if (code.is_null() || code.value() % 8 != 0) return nullptr;
  const auto fingerprint = read_fingerprint(code);
  if (!fingerprint.has_value()) return nullptr;
  if (found != entries_.end() && found->second.fingerprint == *fingerprint) {
    found->second.epoch = epoch_;
    return &found->second;
  }
  if (found != entries_.end()) ++replaced_;
  auto loaded = load(code, *fingerprint);
  if (!loaded.has_value()) return nullptr;
  return &entries_.insert_or_assign(code, std::move(*loaded)).first->second;
}

Result<CodeCache::Fingerprint> CodeCache::read_fingerprint(RemoteAddr code) {
  std::vector<std::byte> bytes(layout_.code.size);
  GILSPY_CHECK(read_exact(memory_, code, bytes));
  const StructView view(bytes);
  Fingerprint result;
  result.type = view.pointer(layout_.object.type);
  result.filename = view.pointer(layout_.code.filename);
  const Offset name = layout_.code.qualname != kAbsent ? layout_.code.qualname : layout_.code.name;
  result.name = view.pointer(name);
  result.line_table = view.pointer(layout_.code.line_table);
  result.first_line = view.get<std::int32_t>(layout_.code.first_line);
  const auto words = [&](Offset field) { return field == kAbsent ? 0U : view.get<std::uint32_t>(field); };
  // pycore_frame.h: FRAME_SPECIALS_SIZE is the fixed part.
  const std::uint32_t all =
      layout_.code.framesize != kAbsent
          ? words(layout_.code.framesize)
          : words(layout_.code.stacksize) + words(layout_.code.nlocalsplus) + layout_.frame.size / 8;
  result.frame_bytes = std::min(all, kLargestFrame / 8) * 8;
  return result;
}

Result<void> CodeCache::check_type(RemoteAddr code, RemoteAddr type) {
  if (code_type_.is_null()) {
    GILSPY_TRY(const std::string name, read_type_name(memory_, layout_, code));
    if (name == "code") code_type_ = type;
  }
  if (type.is_null() || type != code_type_) return fail(ErrorCode::kCorrupt, "not a code object");
  return {};
}

Result<CodeCache::Entry> CodeCache::load(RemoteAddr code, const Fingerprint& fingerprint) {
  constexpr std::size_t kLargestLineTable = 16 << 20;
  GILSPY_CHECK(check_type(code, fingerprint.type));
  Entry loaded;
  loaded.fingerprint = fingerprint;
  loaded.epoch = epoch_;
  GILSPY_TRY(loaded.function, read_str(memory_, layout_, fingerprint.name));
  GILSPY_TRY(loaded.file, read_str(memory_, layout_, fingerprint.filename));
  loaded.function = shortened(std::move(loaded.function), kLongestName);
  loaded.file = shortened(std::move(loaded.file), kLongestFile);
  GILSPY_TRY(const auto table, read_bytes(memory_, layout_, fingerprint.line_table, kLargestLineTable));
  loaded.lines = LineTable(layout_.line_format, table, fingerprint.first_line);
  return loaded;
}

}  // namespace gilspy::sample
