#include "code_cache.h"

#include <vector>

#include "gilspy/memory.h"
#include "objects.h"

namespace gilspy::sample {

std::optional<FrameId> CodeCache::frame(RemoteAddr code, RemoteAddr instruction) {
  Entry* const known = entry(code);
  if (known == nullptr) return std::nullopt;
  // An instruction before the first one (a frame that is only being set up) counts as the first.
  const std::uint64_t distance = instruction.since(code + layout_.code.instructions);
  const auto offset = static_cast<std::uint32_t>(distance < (1U << 30) ? distance : 0);
  if (const auto found = known->frames.find(offset); found != known->frames.end()) return found->second;
  Frame made{known->function, known->file, known->lines.line_at(offset), known->fingerprint.first_line};
  if (made.line == 0) made.line = made.first_line;
  return known->frames.emplace(offset, stacks_.intern(std::move(made))).first->second;
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
  GILSPY_TRY(const auto table, read_bytes(memory_, layout_, fingerprint.line_table, kLargestLineTable));
  loaded.lines = LineTable(table, fingerprint.first_line);
  return loaded;
}

}  // namespace gilspy::sample
