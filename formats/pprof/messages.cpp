#include "messages.h"

#include "gilspy/wording.h"

namespace gilspy::pprof {
namespace {

constexpr std::size_t kPiece = 1 << 16;
constexpr unsigned kWithLength = 2;  // wire type

void put_varint(std::string& out, std::uint64_t number) {
  for (; number >= 0x80; number >>= 7) out += static_cast<char>(number | 0x80);
  out += static_cast<char>(number);
}

}  // namespace

Messages::Messages(ByteSink& to) : to_(to) { string(""); }

void Messages::put(int field, const google::protobuf::MessageLite& message) {
  put_bytes(field, message.SerializeAsString());
}

void Messages::put(const wire::Profile& rest) {
  rest.AppendToString(&bytes_);
  flush_if_long();
}

void Messages::finish() {
  if (!bytes_.empty()) to_.write(bytes_);
  bytes_.clear();
}

std::int64_t Messages::string(std::string_view text) {
  const auto [known, is_new] =
      strings_.try_emplace(wording::valid_utf8(text), static_cast<std::int64_t>(strings_.size()));
  if (is_new) put_bytes(wire::Profile::kStringTableFieldNumber, known->first);
  return known->second;
}

void Messages::put_bytes(int field, std::string_view bytes) {
  put_varint(bytes_, static_cast<unsigned>(field) << 3 | kWithLength);
  put_varint(bytes_, bytes.size());
  bytes_ += bytes;
  flush_if_long();
}

void Messages::flush_if_long() {
  if (bytes_.size() >= kPiece) finish();
}

}  // namespace gilspy::pprof
