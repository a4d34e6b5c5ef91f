#include "packets.h"

#include <cstdint>

namespace gilspy::perfetto {
namespace {

constexpr std::size_t kPiece = 1 << 16;
constexpr std::uint32_t kSequence = 1;
// Readers drop all that uses interned data, without a word, unless the first packet says that they begin there.
constexpr std::uint32_t kInternedAnew = 1, kUsesInterned = 2;

void put_varint(std::string& out, std::uint64_t number) {
  for (; number >= 0x80; number >>= 7) out += static_cast<char>(number | 0x80);
  out += static_cast<char>(number);
}

}  // namespace

wire::TracePacket& Packets::next() {
  packet_.Clear();
  packet_.set_trusted_packet_sequence_id(kSequence);
  packet_.set_sequence_flags(is_first_ ? kInternedAnew : kUsesInterned);
  if (is_first_) packet_.set_first_packet_on_sequence(true);
  is_first_ = false;
  return packet_;
}

wire::TracePacket& Packets::next(Nanos at) {
  wire::TracePacket& packet = next();
  packet.set_timestamp(static_cast<std::uint64_t>(at.count()));
  return packet;
}

void Packets::put() {
  bytes_ += '\x0a';  // field 1 of Trace, with a length
  put_varint(bytes_, packet_.ByteSizeLong());
  packet_.AppendToString(&bytes_);
  if (bytes_.size() >= kPiece) flush();
}

void Packets::flush() {
  if (!bytes_.empty()) sink_.write(bytes_);
  bytes_.clear();
}

}  // namespace gilspy::perfetto
