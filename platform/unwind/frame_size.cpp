#include "frame_size.h"

#include <cstring>

namespace gilspy::platform {
namespace {

// Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2: instruction format, opcode maps.
struct Instruction {
  std::size_t size = 0;
  bool two_bytes = false;  // of the map behind 0f
  bool wide = false;       // REX.W
  std::uint8_t opcode = 0;
  std::uint8_t modrm = 0;
  std::uint8_t sib = 0;
  std::int32_t displacement = 0;
  std::int32_t immediate = 0;

  std::uint8_t reg() const { return modrm >> 3 & 7; }
};

class Decoder {
 public:
  explicit Decoder(std::span<const std::byte> code) : code_(code) {}

  // Nothing: the end, or an instruction that is not known.
  std::optional<Instruction> next() {
    Instruction one;
    const std::size_t begin = at_;
    bool short_operand = false;
    std::uint8_t byte = take();
    for (; byte == 0x66 || byte == 0xf2 || byte == 0xf3 || byte == 0x64 || byte == 0x65 || byte == 0x2e;
         byte = take()) {
      short_operand = short_operand || byte == 0x66;
    }
    bool has_modrm = false;
    std::size_t immediate = 0;
    if (byte == 0xc5 || byte == 0xc4) {  // VEX: all of what compilers begin functions with has a ModRM byte
      if (byte == 0xc4) take();
      take();
      one.two_bytes = has_modrm = true;
      one.opcode = take();
      immediate = immediate_of_two_bytes(one.opcode);
    } else {
      if ((byte & 0xf0U) == 0x40) {
        one.wide = (byte & 8U) != 0;
        byte = take();
      }
      one.two_bytes = byte == 0x0f;
      one.opcode = one.two_bytes ? take() : byte;
      const bool known = one.two_bytes ? shape_of_two_bytes(one.opcode, has_modrm, immediate)
                                       : shape(one, short_operand, has_modrm, immediate);
      if (!known) return std::nullopt;
    }
    if (has_modrm) take_modrm(one);
    const bool is_test = !one.two_bytes && (one.opcode == 0xf6 || one.opcode == 0xf7) && one.reg() < 2;
    if (is_test) immediate = one.opcode == 0xf6 ? 1 : short_operand ? 2 : 4;
    one.immediate = take_number(immediate);
    if (past_end_) return std::nullopt;
    one.size = at_ - begin;
    return one;
  }

 private:
  static bool shape(const Instruction& one, bool short_operand, bool& has_modrm, std::size_t& immediate) {
    const std::uint8_t op = one.opcode;
    const std::size_t full = short_operand ? 2 : 4;
    if (op < 0x40) {  // add, or, adc, sbb, and, sub, xor, cmp
      if ((op & 7U) > 5) return false;
      has_modrm = (op & 7U) < 4;
      immediate = has_modrm ? 0 : (op & 7U) == 4 ? 1 : full;
      return true;
    }
    if (op >= 0x50 && op < 0x60) return true;  // push, pop
    if (op >= 0xb8 && op < 0xc0) {             // mov of a number
      immediate = one.wide ? 8 : full;
      return true;
    }
    if (op >= 0x84 && op <= 0x8b) return has_modrm = true;
    switch (op) {
      case 0x63:
      case 0x8d:
      case 0xd1:
      case 0xd3:
      case 0xf6:
      case 0xf7:
      case 0xfe:
      case 0xff: return has_modrm = true;
      case 0x6b:
      case 0x80:
      case 0x83:
      case 0xc0:
      case 0xc1:
      case 0xc6: immediate = 1; return has_modrm = true;
      case 0x69:
      case 0x81:
      case 0xc7: immediate = full; return has_modrm = true;
      case 0x68:
      case 0xa9: immediate = full; return true;
      case 0x6a:
      case 0xa8: immediate = 1; return true;
      case 0x90:
      case 0x98:
      case 0x99: return true;
      default: return false;
    }
  }

  static std::size_t immediate_of_two_bytes(std::uint8_t op) {
    return (op >= 0x70 && op <= 0x73) || op == 0xba || op == 0xc2 || (op >= 0xc4 && op <= 0xc6) ? 1 : 0;
  }

  // No system calls, no jumps: moves, comparisons and arithmetic, all with a ModRM byte.
  static bool shape_of_two_bytes(std::uint8_t op, bool& has_modrm, std::size_t& immediate) {
    const bool known = (op >= 0x10 && op < 0x18) || (op >= 0x1e && op < 0x20) || (op >= 0x28 && op < 0x30) ||
                       (op >= 0x40 && op < 0x77) || (op >= 0x7c && op < 0x80) || (op >= 0x90 && op < 0xa0) ||
                       op == 0xaf || (op >= 0xb6 && op < 0xc8) || op >= 0xd0;
    has_modrm = true;
    immediate = immediate_of_two_bytes(op);
    return known;
  }

  void take_modrm(Instruction& one) {
    one.modrm = take();
    const unsigned mode = one.modrm >> 6U, rm = one.modrm & 7U;
    if (mode == 3) return;
    if (rm == 4) one.sib = take();
    const bool no_base = mode == 0 && (rm == 5 || (rm == 4 && (one.sib & 7U) == 5));
    one.displacement = take_number(mode == 1 ? 1 : mode == 2 || no_base ? 4 : 0);
  }

  std::uint8_t take() {
    if (at_ >= code_.size()) {
      past_end_ = true;
      return 0;
    }
    return std::to_integer<std::uint8_t>(code_[at_++]);
  }

  // Of 8 bytes the lower half.
  std::int32_t take_number(std::size_t size) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i) value |= std::uint64_t{take()} << 8 * i;
    if (size == 1) return static_cast<std::int8_t>(value);
    if (size == 2) return static_cast<std::int16_t>(value);
    return static_cast<std::int32_t>(value);
  }

  std::span<const std::byte> code_;
  std::size_t at_ = 0;
  bool past_end_ = false;
};

bool is_stack_pointer_itself(const Instruction& one) { return (one.modrm & 0xc7U) == 0xc4; }

// mov %rsp,%rbp, in both codings
bool sets_frame_pointer(const Instruction& one) {
  return one.wide && !one.two_bytes &&
         ((one.opcode == 0x89 && one.modrm == 0xe5) || (one.opcode == 0x8b && one.modrm == 0xec));
}

// How much more of the stack it takes. Nothing: it makes of it what cannot be told.
std::optional<std::int64_t> taken_by(const Instruction& one) {
  constexpr std::uint8_t kAdd = 0, kAnd = 4, kSub = 5;
  if (one.two_bytes) return 0;
  if (one.opcode >= 0x50 && one.opcode < 0x58) return 8;
  if (one.opcode >= 0x58 && one.opcode < 0x60) return -8;
  if (one.opcode == 0x68 || one.opcode == 0x6a || (one.opcode == 0xff && one.reg() == 6)) return 8;
  const bool is_arithmetic = one.opcode == 0x81 || one.opcode == 0x83;
  if (is_arithmetic && is_stack_pointer_itself(one)) {
    if (one.reg() == kSub) return one.immediate;
    if (one.reg() == kAdd) return -std::int64_t{one.immediate};
    if (one.reg() == kAnd) return std::nullopt;
  }
  const bool is_into_stack_pointer = (one.opcode == 0x8b || one.opcode == 0x8d) && one.reg() == 4;
  if (is_into_stack_pointer) return std::nullopt;
  const bool is_from_register = (one.opcode == 0x89 || (one.opcode < 0x40 && (one.opcode & 7U) == 1));
  if (is_from_register && is_stack_pointer_itself(one) && one.wide) return std::nullopt;
  return 0;
}

}  // namespace

std::optional<std::uint64_t> frame_size(std::span<const std::byte> code) {
  Decoder decoder(code);
  bool has_frame = false;
  std::int64_t size = 0;
  while (const auto one = decoder.next()) {
    if (sets_frame_pointer(*one)) {
      has_frame = true;
      size = 0;
      continue;
    }
    const auto taken = taken_by(*one);
    if (!taken.has_value()) return std::nullopt;
    size += *taken;
  }
  if (!has_frame || size < 0) return std::nullopt;
  return static_cast<std::uint64_t>(size);
}

CallBefore call_before(std::span<const std::byte> code) {
  const auto byte = [&](std::size_t from_end) { return std::to_integer<unsigned>(code[code.size() - from_end]); };
  if (code.size() >= 5 && byte(5) == 0xe8) {
    std::int32_t distance = 0;
    std::memcpy(&distance, code.data() + code.size() - 4, sizeof distance);
    return {true, distance};
  }
  // ff /2, with a register or a place in memory.
  for (std::size_t size = 2; size <= 7 && size <= code.size(); ++size) {
    if (byte(size) != 0xff || (byte(size - 1) >> 3U & 7U) != 2) continue;
    const unsigned mode = byte(size - 1) >> 6U, rm = byte(size - 1) & 7U;
    const std::size_t sib = mode != 3 && rm == 4 ? 1 : 0;
    const std::size_t displacement = mode == 1 ? 1 : mode == 2 || (mode == 0 && rm == 5) ? 4 : 0;
    if (size == 2 + sib + displacement) return {true, std::nullopt};
  }
  return {};
}

}  // namespace gilspy::platform
