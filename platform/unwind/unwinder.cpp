// Unwinds copies of stacks with libunwind: registers and the stack come from the copy, tables and code from memory that
// does not change. Nothing is asked of the thread itself, which may run on meanwhile.
//
// libunwind guesses where it has no table: it follows frame pointers that need not be any. Such a step ends the stack
// here, unless what was stepped over is code of the linker or of a signal's return, which it knows.
#include <libunwind.h>

#include <array>
#include <cstring>
#include <optional>

#include "gilspy/platform.h"

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
    NativeTrace trace;
    unw_cursor_t cursor{};
    if (::unw_init_remote(&cursor, space_, this) != 0) return trace;
    bool called = false;  // the instruction is the one behind a call
    while (trace.calls.size() < kMostFrames) {
      unw_word_t instruction = 0, stack = 0;
      if (::unw_get_reg(&cursor, UNW_REG_IP, &instruction) != 0 || instruction == 0) break;
      if (::unw_get_reg(&cursor, UNW_REG_SP, &stack) != 0) break;
      const RemoteAddr address(called ? instruction - 1 : instruction);
      if (memory_.image_at(address) == nullptr) break;  // code that was made at run time, or none at all
      trace.calls.push_back({address, RemoteAddr(stack)});
      called = ::unw_is_signal_frame(&cursor) <= 0;
      unknown_code_ = false;
      const int step = ::unw_step(&cursor);
      if (step == 0 && !unknown_code_) trace.whole = true;
      if (step <= 0 || (unknown_code_ && called)) break;
    }
    return trace;
  }

 private:
  static LibunwindUnwinder& self(void* argument) { return *static_cast<LibunwindUnwinder*>(argument); }

  static int find_proc_info(unw_addr_space_t space, unw_word_t instruction, unw_proc_info_t* info, int need_unwind_info,
                            void* argument) {
    LibunwindUnwinder& unwinder = self(argument);
    const int found = unwinder.search(space, instruction, info, need_unwind_info);
    if (found != 0) unwinder.unknown_code_ = true;
    return found;
  }

  int search(unw_addr_space_t space, unw_word_t instruction, unw_proc_info_t* info, int need_unwind_info) {
    const NativeImage* const image = memory_.image_at(RemoteAddr(instruction));
    if (image == nullptr) return -UNW_ENOINFO;
    const std::optional<std::uint32_t> entries = table_entries(*image);
    if (!entries.has_value()) return -UNW_ENOINFO;
    // A binary search table of entries of two 32-bit numbers, as .eh_frame_hdr has it.
    unw_dyn_info_t table{};
    table.format = UNW_INFO_FORMAT_REMOTE_TABLE;
    table.start_ip = image->begin.value();
    table.end_ip = image->end.value();
    table.u.rti.segbase = image->unwind_table.value();
    table.u.rti.table_data = (image->unwind_table + kTableHeader).value();
    table.u.rti.table_len = *entries * 2 * sizeof(std::int32_t) / sizeof(unw_word_t);
    return UNW_OBJ(dwarf_search_unwind_table)(space, instruction, &table, info, need_unwind_info, this);
  }

  // .eh_frame_hdr (Linux Standard Base, Core): version 1; how the pointer to .eh_frame is coded, 4 bytes as all linkers
  // write it; how the number of entries is coded, 4 bytes unsigned; entries relative to the table's begin, 4 bytes
  // signed.
  std::optional<std::uint32_t> table_entries(const NativeImage& image) {
    std::array<std::uint8_t, kTableHeader> header{};
    if (image.unwind_table.is_null() || image.unwind_size < kTableHeader) return std::nullopt;
    if (!memory_.read(image.unwind_table, std::as_writable_bytes(std::span(header)))) return std::nullopt;
    const bool is_usual = header[0] == 1 && (header[1] & 0x0fU) == 0x0b && header[2] == 0x03 && header[3] == 0x3b;
    std::uint32_t count = 0;
    std::memcpy(&count, &header[8], sizeof count);
    const std::uint64_t most = (image.unwind_size - kTableHeader) / (2 * sizeof(std::int32_t));
    if (!is_usual || count > most) return std::nullopt;
    return count;
  }

  static int access_memory(unw_addr_space_t, unw_word_t address, unw_word_t* value, int write, void* argument) {
    LibunwindUnwinder& unwinder = self(argument);
    if (write != 0) return -UNW_EINVAL;
    const NativeCopy& copy = *unwinder.copy_;
    const std::uint64_t at = RemoteAddr(address).since(copy.registers.stack_pointer());
    if (at < copy.stack.size() && copy.stack.size() - at >= sizeof *value) {
      std::memcpy(value, copy.stack.data() + at, sizeof *value);
      return 0;
    }
    const auto into = std::as_writable_bytes(std::span(value, 1));
    return unwinder.memory_.read(RemoteAddr(address), into) ? 0 : -UNW_EINVAL;
  }

  static int access_register(unw_addr_space_t, unw_regnum_t number, unw_word_t* value, int write, void* argument) {
    const Registers& registers = self(argument).copy_->registers;
    if (write != 0 || number < 0 || !registers.has(static_cast<std::size_t>(number))) return -UNW_EBADREG;
    *value = registers.values[static_cast<std::size_t>(number)];
    return 0;
  }

  static constexpr std::uint64_t kTableHeader = 12;

  NativeMemory& memory_;
  unw_addr_space_t space_ = nullptr;
  const NativeCopy* copy_ = nullptr;
  bool unknown_code_ = false;  // the last step met code without a table
};

}  // namespace

std::unique_ptr<Unwinder> make_unwinder(NativeMemory& memory) { return std::make_unique<LibunwindUnwinder>(memory); }

}  // namespace gilspy::platform
