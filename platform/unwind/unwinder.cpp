// Unwinds copies of stacks with libunwind: registers and the stack come from the copy, tables and code from memory that
// does not change. Nothing is asked of the thread itself, which may run on meanwhile.
//
// libunwind guesses where it has no table: it follows frame pointers that need not be any. Such a step ends the stack
// here, unless what was stepped over is code of the linker or of a signal's return, which it knows.
//
// Of a thread that was not stopped the frame pointer is not known. A function that is found by it tells how large its
// frame is (frame_size.h); that counts if a call of this function stands right before the place to which it returns.
#include <libunwind.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <vector>

#include "frame_size.h"
#include "gilspy/platform.h"
#include "gilspy/unwind_table.h"

// Exported by libunwind for those that bring their own find_proc_info (perf does), but in no header.
extern "C" int UNW_OBJ(dwarf_search_unwind_table)(unw_addr_space_t space, unw_word_t ip, unw_dyn_info_t* info,
                                                  unw_proc_info_t* found, int need_unwind_info, void* argument);

namespace gilspy::platform {
namespace {

constexpr std::size_t kMostFrames = 2'000;
constexpr std::size_t kCacheBits = 14;  // rows of tables that libunwind keeps parsed

class LibunwindUnwinder final : public Unwinder {
 public:
  explicit LibunwindUnwinder(NativeMemory& memory) : memory_(memory) {
    unw_accessors_t accessors{};
    accessors.find_proc_info = find_proc_info;
    accessors.put_unwind_info = [](unw_addr_space_t, unw_proc_info_t*, void*) {};
    accessors.get_dyn_info_list_addr = [](unw_addr_space_t, unw_word_t*, void*) { return -UNW_ENOINFO; };
    accessors.access_mem = access_memory;
    accessors.access_reg = access_register;
    accessors.access_fpreg = [](unw_addr_space_t, unw_regnum_t, unw_fpreg_t*, int, void*) { return -UNW_EBADREG; };
    accessors.resume = [](unw_addr_space_t, unw_cursor_t*, void*) { return -UNW_EUNSPEC; };
    accessors.get_proc_name = [](unw_addr_space_t, unw_word_t, char*, std::size_t, unw_word_t*, void*) {
      return -UNW_ENOINFO;
    };
    space_ = ::unw_create_addr_space(&accessors, 0);
    ::unw_set_caching_policy(space_, UNW_CACHE_GLOBAL);
    ::unw_set_cache_size(space_, std::size_t{1} << kCacheBits, 0);
  }
  ~LibunwindUnwinder() override { ::unw_destroy_addr_space(space_); }
  LibunwindUnwinder(const LibunwindUnwinder&) = delete;
  LibunwindUnwinder& operator=(const LibunwindUnwinder&) = delete;

  void forget_images() override { ::unw_flush_cache(space_, 0, 0); }

  NativeTrace unwind(const NativeCopy& copy) override {
    copy_ = &copy;
    frame_pointer_.reset();
    NativeTrace trace;
    unw_cursor_t cursor{};
    if (::unw_init_remote(&cursor, space_, this) != 0) return trace;
    bool called = false;  // the instruction is the one behind a call
    while (trace.calls.size() < kMostFrames) {
      unw_word_t instruction = 0, stack = 0;
      if (::unw_get_reg(&cursor, UNW_REG_IP, &instruction) != 0 || instruction == 0) break;
      if (::unw_get_reg(&cursor, UNW_REG_SP, &stack) != 0) break;
      const bool is_trampoline = returns_from_signal(RemoteAddr(instruction));
      const RemoteAddr address(called && !is_trampoline ? instruction - 1 : instruction);
      if (memory_.image_at(address) == nullptr) break;  // code that was made at run time, or none at all
      trace.calls.push_back({address, RemoteAddr(stack)});
      called = !is_trampoline;
      const int step = step_out(cursor, RemoteAddr(instruction), RemoteAddr(stack));
      if (step == 0 && !unknown_code_) trace.whole = true;
      if (step <= 0 || (unknown_code_ && called)) break;
    }
    return trace;
  }

 private:
  // The system call with which the kernel has a signal handler return: rt_sigreturn is 15 on x86-64, 139 on Arm. What
  // libunwind says of a frame is lost once it has a table for it, as glibc's has.
  bool returns_from_signal(RemoteAddr instruction) {
#if defined(__aarch64__)
    constexpr std::array<unsigned char, 8> kCode{0x68, 0x11, 0x80, 0xd2, 0x01, 0x00, 0x00, 0xd4};
#else
    constexpr std::array<unsigned char, 9> kCode{0x48, 0xc7, 0xc0, 0x0f, 0x00, 0x00, 0x00, 0x0f, 0x05};
#endif
    std::array<unsigned char, kCode.size()> code{};
    return memory_.read(instruction, std::as_writable_bytes(std::span(code))) && code == kCode;
  }

  int step_out(unw_cursor_t& cursor, RemoteAddr instruction, RemoteAddr stack) {
    const unw_cursor_t before = cursor;
    unknown_code_ = wants_frame_pointer_ = false;
    const int step = ::unw_step(&cursor);
    if (step >= 0 || !wants_frame_pointer_) return step;
    cursor = before;
    unw_proc_info_t info{};
    if (::unw_get_proc_info(&cursor, &info) != 0) return step;
    const RemoteAddr function(info.start_ip);
    frame_pointer_ = frame_pointer(function, instruction, stack);
    return frame_pointer_.has_value() ? ::unw_step(&cursor) : step_to_caller(cursor, before, function, stack);
  }

  // Functions of assembly may set a frame pointer in ways of their own. One that is called directly is known by that:
  // the only place above on the stack to which such a call returns. Where the frame pointer then lies, the table says:
  // it is the one by which a step leads there.
  int step_to_caller(unw_cursor_t& cursor, const unw_cursor_t& before, RemoteAddr function, RemoteAddr stack) {
    constexpr std::uint64_t kFarthest = 4096, kWord = sizeof(std::uint64_t), kMostAbove = 16 * kWord;
    std::optional<RemoteAddr> place;
    std::uint64_t returns_to = 0, word = 0;
    for (std::uint64_t at = 0; at < kFarthest && read(stack + at, word); at += kWord) {
      if (!is_called(function, RemoteAddr(word), true)) continue;
      if (place.has_value()) return -UNW_EBADFRAME;  // one of them is left from an earlier call
      place = stack + at;
      returns_to = word;
    }
    for (std::uint64_t above = kWord; place.has_value() && above <= kMostAbove; above += kWord) {
      cursor = before;
      frame_pointer_ = place->value() + kWord - above;
      unw_word_t outer = 0;
      const int step = ::unw_step(&cursor);
      if (step > 0 && ::unw_get_reg(&cursor, UNW_REG_IP, &outer) == 0 && outer == returns_to) return step;
    }
    cursor = before;
    frame_pointer_.reset();
    return -UNW_EBADFRAME;
  }

  std::optional<std::uint64_t> frame_pointer(RemoteAddr function, RemoteAddr instruction, RemoteAddr stack) {
    constexpr std::uint64_t kMostCode = 256;
    std::vector<std::byte> code(std::min(instruction.since(function), kMostCode));
    if (!memory_.read(function, code)) return std::nullopt;
    const auto size = frame_size(code);
    if (!size.has_value()) return std::nullopt;
    const RemoteAddr frame = stack + *size;
    std::uint64_t returns_to = 0;
    if (!read(frame + sizeof(std::uint64_t), returns_to) || !is_called(function, RemoteAddr(returns_to))) {
      return std::nullopt;
    }
    return frame.value();
  }

  // A call right before it, of that function as far as it says of which; calls between images go through a table. With
  // `directly` only one that names it.
  bool is_called(RemoteAddr function, RemoteAddr returns_to, bool directly = false) {
    constexpr std::uint64_t kLongestCall = 7;
    const NativeImage* const caller = memory_.image_at(returns_to);
    const NativeImage* const callee = memory_.image_at(function);
    std::array<std::byte, kLongestCall> code{};
    if (caller == nullptr || !memory_.read(returns_to - kLongestCall, code)) return false;
    const CallBefore call = call_before(code);
    if (!directly && (!call.any || !call.distance.has_value() || callee != caller)) return call.any;
    if (!call.distance.has_value()) return false;
    return returns_to + static_cast<std::uint64_t>(*call.distance) == function;
  }

  bool read(RemoteAddr address, std::uint64_t& value) {
    const std::uint64_t at = address.since(copy_->registers.stack_pointer());
    if (at < copy_->stack.size() && copy_->stack.size() - at >= sizeof value) {
      std::memcpy(&value, copy_->stack.data() + at, sizeof value);
      return true;
    }
    return memory_.read(address, std::as_writable_bytes(std::span(&value, 1)));
  }

  static LibunwindUnwinder& self(void* argument) { return *static_cast<LibunwindUnwinder*>(argument); }

  static int find_proc_info(unw_addr_space_t space, unw_word_t instruction, unw_proc_info_t* info, int need_unwind_info,
                            void* argument) {
    LibunwindUnwinder& unwinder = self(argument);
    unwinder.searches_ = true;
    const int found = unwinder.search(space, instruction, info, need_unwind_info);
    unwinder.searches_ = false;
    if (found != 0) unwinder.unknown_code_ = true;
    return found;
  }

  int search(unw_addr_space_t space, unw_word_t instruction, unw_proc_info_t* info, int need_unwind_info) {
    const NativeImage* const image = memory_.image_at(RemoteAddr(instruction));
    if (image == nullptr) return -UNW_ENOINFO;
    const std::optional<std::uint32_t> entries = unwind_entries(memory_, *image);
    if (!entries.has_value()) return -UNW_ENOINFO;
    // A binary search table of entries of two 32-bit numbers, as .eh_frame_hdr has it.
    unw_dyn_info_t table{};
    table.format = UNW_INFO_FORMAT_REMOTE_TABLE;
    table.start_ip = image->begin.value();
    table.end_ip = image->end.value();
    table.u.rti.segbase = image->unwind_table.value();
    table.u.rti.table_data = (image->unwind_table + kUnwindHeaderBytes).value();
    table.u.rti.table_len = *entries * kUnwindEntryBytes / sizeof(unw_word_t);
    return UNW_OBJ(dwarf_search_unwind_table)(space, instruction, &table, info, need_unwind_info, this);
  }

  static int access_memory(unw_addr_space_t, unw_word_t address, unw_word_t* value, int write, void* argument) {
    LibunwindUnwinder& unwinder = self(argument);
    if (write != 0) return -UNW_EINVAL;
    std::uint64_t word = 0;
    // What the tables point to in data is the language's own routine for exceptions (DW.ref.__gxx_personality_v0),
    // which nobody calls here.
    const bool found = unwinder.read(RemoteAddr(address), word) ||
                       (unwinder.searches_ && unwinder.memory_.is_data(RemoteAddr(address)));
    if (!found) return -UNW_EINVAL;
    *value = word;
    return 0;
  }

  static int access_register(unw_addr_space_t, unw_regnum_t number, unw_word_t* value, int write, void* argument) {
    LibunwindUnwinder& unwinder = self(argument);
    const Registers& registers = unwinder.copy_->registers;
    if (number == kFramePointer && write == 0 && !registers.has(kFramePointer)) {
      unwinder.wants_frame_pointer_ = true;
      if (!unwinder.frame_pointer_.has_value()) return -UNW_EBADREG;
      *value = *unwinder.frame_pointer_;
      return 0;
    }
    if (write != 0 || number < 0 || !registers.has(static_cast<std::size_t>(number))) return -UNW_EBADREG;
    *value = registers.values[static_cast<std::size_t>(number)];
    return 0;
  }

#if defined(__aarch64__)
  static constexpr std::size_t kFramePointer = 29;
#else
  static constexpr std::size_t kFramePointer = 6;
#endif

  NativeMemory& memory_;
  unw_addr_space_t space_ = nullptr;
  const NativeCopy* copy_ = nullptr;
  std::optional<std::uint64_t> frame_pointer_;  // found out
  bool searches_ = false;                       // in tables
  bool unknown_code_ = false;                   // the last step met code without a table
  bool wants_frame_pointer_ = false;            // it asked for a frame pointer that the kernel does not tell
};

}  // namespace

std::unique_ptr<Unwinder> make_unwinder(NativeMemory& memory) { return std::make_unique<LibunwindUnwinder>(memory); }

}  // namespace gilspy::platform
