// A CPython in miniature, 3.13 unless a test asks for another layout: just enough memory for a sampler to read. Tests
// change it between two reads.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "gilspy/layout.h"
#include "platform/replay/fake_target.h"
#include "src/layout/tables/cpython_3_13.h"

namespace gilspy {

class FakePython {
 public:
  static constexpr RemoteAddr kRuntime{0x10000};
  static constexpr RemoteAddr kInterpreter{0x100000};
  static constexpr RemoteAddr kGil{0x20000};
  static constexpr RemoteAddr kCodeType{0x30000};
  static constexpr std::uint64_t kFrameStep = 0x80;  // distance of frames in a chunk
  static constexpr std::uint64_t kChunkSize = 0x4000;

  FakeTarget target;
  RuntimeLayout layout;
  RuntimeLocation location;

  explicit FakePython(const RuntimeLayout& chosen = layout::tables::kCpython313) : layout(chosen) {
    location.runtime = kRuntime;
    location.version = {3, 13, 0};
    target.memory.put(kCodeType + layout.object.type_name, RemoteAddr{0x31000});
    target.memory.put_text(RemoteAddr{0x31000}, std::string("code") + std::string(60, '\0'));
    add_interpreter(0, kInterpreter, layout.gil_home == GilHome::kInRuntime ? kRuntime + layout.runtime.gil : kGil);
  }

  // At the head of the list, as CPython does it. With a GIL of its own, or that of another interpreter.
  void add_interpreter(std::int64_t id, RemoteAddr address, RemoteAddr gil) {
    interpreters_.insert(interpreters_.begin(), {address, gil, {}, 1});
    std::vector<std::byte> bytes(0x2000);
    target.memory.put_bytes(address, bytes);
    target.memory.put(address + layout.interpreter.id, id);
    if (layout.gil_home == GilHome::kViaInterpreter) target.memory.put(address + layout.interpreter.gil, gil);
    bytes.resize(layout.gil.size);
    target.memory.put_bytes(gil, bytes);  // no GIL is held; a free-threaded build has not enabled it
    target.memory.put(gil + layout.gil.interval, std::uint64_t{5000});
    list_interpreters();
  }

  void remove_interpreter(RemoteAddr address) {
    std::erase_if(interpreters_, [&](const Interpreter& i) { return i.address == address; });
    list_interpreters();
  }

  // A function; its address is its code object.
  RemoteAddr add_function(const std::string& name, int first_line, const std::string& file = "work.py") {
    const RemoteAddr code = allocate(0x200);
    const RemoteAddr table = allocate(0x40);
    std::vector<std::byte> bytes(layout.code.size + 64);
    target.memory.put_bytes(code, bytes);
    target.memory.put(code + layout.object.type, kCodeType);
    target.memory.put(code + layout.code.filename, add_str(file));
    const bool qualified = layout.code.qualname != kAbsent;
    target.memory.put(code + (qualified ? layout.code.qualname : layout.code.name), add_str(name));
    target.memory.put(code + layout.code.first_line, std::int32_t{first_line});
    if (layout.code.framesize != kAbsent) {
      target.memory.put(code + layout.code.framesize, static_cast<std::uint32_t>(kFrameStep / 8));
    }
    target.memory.put(code + layout.code.line_table, table);
    target.memory.put(table + layout.object.var_size, std::uint64_t{4});
    target.memory.put(table + layout.object.bytes_data, line_table());
    return code;
  }

  struct Thread {
    RemoteAddr state;
    RemoteAddr chunk;  // none up to 3.10
    std::uint64_t id = 0;
    Tid tid{};
    RemoteAddr interpreter = kInterpreter;
    RemoteAddr cframe{};  // 3.11 and 3.12
  };

  // The names of a function's variables, in order.
  void name_variables(RemoteAddr code, const std::vector<std::string>& names) {
    const RemoteAddr tuple = allocate(layout.object.tuple_items + 8 * names.size());
    target.memory.put(code + layout.code.local_names, tuple);
    target.memory.put(tuple + layout.object.var_size, std::uint64_t{names.size()});
    for (std::size_t i = 0; i < names.size(); ++i) {
      target.memory.put(tuple + layout.object.tuple_items + 8 * i, add_str(names[i]));
    }
  }
  // Where the values of the variables lie, of a frame by its place in the stack.
  RemoteAddr values_of(const Thread& thread, std::size_t depth) const {
    return thread.chunk + layout.chunk.data + 8 + kFrameStep * depth + layout.variables.locals;
  }

  // A running thread without frames, at the head of the list as CPython does it. `reuse`: the memory of an ended one.
  Thread add_thread(std::uint64_t id, Tid tid, RemoteAddr reuse = {}, RemoteAddr interpreter = kInterpreter) {
    Thread thread{reuse.is_null() ? allocate(0x200) : reuse, {}, id, tid, interpreter, {}};
    std::vector<std::byte> bytes(layout.thread.size);
    target.memory.put_bytes(thread.state, bytes);
    target.memory.put(thread.state + layout.thread.interpreter, interpreter);
    target.memory.put(thread.state + layout.thread.id, id);
    if (layout.thread.native_thread_id != kAbsent) {
      target.memory.put(thread.state + layout.thread.native_thread_id, static_cast<std::uint64_t>(to_int(tid)));
    }
    target.memory.put(thread.state + layout.thread.thread_id, std::uint64_t{0x7000} + id);
    if (layout.thread.datastack_chunk != kAbsent) add_chunk(thread);
    if (layout.frame_root == FrameRoot::kViaCframe) run_on(thread, allocate(0x100));
    target.add_thread(tid);
    Interpreter& home = interpreter_at(interpreter);
    home.threads.insert(home.threads.begin(), thread);
    home.next_id = std::max(home.next_id, id + 1);
    list_threads(home);
    return thread;
  }

  void remove_thread(const Thread& thread) {
    remove_state(thread);
    target.end_thread(thread.tid);
  }
  // A thread state goes, the thread lives on: it has another one in another interpreter.
  void remove_state(const Thread& thread) {
    Interpreter& home = interpreter_at(thread.interpreter);
    std::erase_if(home.threads, [&](const Thread& t) { return t.id == thread.id; });
    list_threads(home);
  }

  struct Call {
    RemoteAddr code;
    int unit = 0;  // instruction
  };

  // The thread's whole stack, root first.
  void set_stack(const Thread& thread, const std::vector<Call>& calls) {
    RemoteAddr previous;
    RemoteAddr frame = thread.chunk + layout.chunk.data + 8;
    for (const Call& call : calls) {
      put_frame(frame, call, previous);
      previous = frame;
      frame = frame + kFrameStep;
    }
    if (layout.frame_root == FrameRoot::kViaCframe) {
      target.memory.put(thread.cframe + layout.cframe.current_frame, previous);
    } else {
      target.memory.put(thread.state + layout.thread.frame_root, previous);
    }
    target.memory.put(thread.state + layout.thread.datastack_top, frame);
  }

  // 3.11 and 3.12: the thread state is run by the thread on whose C stack this _PyCFrame lies.
  void run_on(Thread& thread, RemoteAddr cframe) {
    thread.cframe = cframe;
    const std::vector<std::byte> bytes(layout.cframe.size);
    target.memory.put_bytes(cframe, bytes);
    target.memory.put(thread.state + layout.thread.frame_root, cframe);
  }

  // By the frame's own account: one that has called another does not.
  void let_run(RemoteAddr frame, bool runs) {
    if (layout.frame.stacktop == kAbsent) return;
    target.memory.put(frame + layout.frame.stacktop, std::int32_t{runs ? -1 : 1});
  }

  void put_frame(RemoteAddr frame, const Call& call, RemoteAddr previous) {
    std::vector<std::byte> bytes(layout.frame.size);
    target.memory.put_bytes(frame, bytes);
    target.memory.put(frame + layout.frame.code, call.code);
    target.memory.put(frame + layout.frame.previous, previous);
    target.memory.put(frame + layout.frame.instruction,
                      call.code + layout.code.instructions + static_cast<std::uint64_t>(2 * call.unit));
    let_run(frame, true);
    if (!previous.is_null()) let_run(previous, false);
  }

  // The GIL of the interpreter that the thread state belongs to.
  void hold_gil(const Thread& thread, std::uint64_t switch_number) {
    const RemoteAddr gil = interpreter_at(thread.interpreter).gil;
    target.memory.put(gil + layout.gil.locked, std::int32_t{1});
    target.memory.put(gil + layout.gil.last_holder, thread.state);
    target.memory.put(gil + layout.gil.switch_number, switch_number);
  }
  void let_go(const Thread& thread) {
    target.memory.put(interpreter_at(thread.interpreter).gil + layout.gil.locked, std::int32_t{0});
  }

  // Free-threaded builds.
  void enable_gil(bool enabled) { target.memory.put(kGil + layout.gil.enabled, std::int32_t{enabled ? 1 : 0}); }
  // PyThreadState.state: 0 detached, 1 attached, 2 suspended.
  void set_attach_state(const Thread& thread, std::int32_t state) {
    target.memory.put(thread.state + layout.thread.state, state);
  }

  void park_in_gil(Tid tid) {
    target.set_syscall(tid, {SyscallFacts::State::kInSyscall, kFutexSyscall, (kGil + layout.gil.cond + 40).value()});
  }
  // pthread_cond_t.__wrefs where glibc 2.36 has it
  void set_waiters(std::uint32_t count) { target.memory.put(kGil + layout.gil.cond + 36, count << 3 | 2U); }

  RemoteAddr allocate(std::uint64_t size) {
    const RemoteAddr address = free_;
    free_ = free_ + ((size + 0xfff) & ~std::uint64_t{0xfff});
    return address;
  }

 private:
  struct Interpreter {
    RemoteAddr address, gil;
    std::vector<Thread> threads;  // in the order of the list
    std::uint64_t next_id = 1;
  };

  Interpreter& interpreter_at(RemoteAddr address) {
    return *std::ranges::find(interpreters_, address, &Interpreter::address);
  }

  void add_chunk(Thread& thread) {
    thread.chunk = allocate(kChunkSize);
    target.memory.put(thread.state + layout.thread.datastack_chunk, thread.chunk);
    target.memory.put(thread.state + layout.thread.datastack_top, thread.chunk + layout.chunk.data + 8);
    std::vector<std::byte> chunk(kChunkSize);
    target.memory.put_bytes(thread.chunk, chunk);
    target.memory.put(thread.chunk + layout.chunk.chunk_size, kChunkSize);
  }

  // Four bytes of code each: first_line + 1, then the line after.
  std::array<std::uint8_t, 4> line_table() const {
    switch (layout.line_format) {
      case LineFormat::kLnotab: return {0, 1, 4, 1};
      case LineFormat::kRanges: return {4, 1, 4, 1};
      case LineFormat::kLocations: break;
    }
    return {0xe9, 0x02, 0xe9, 0x02};  // without columns
  }

  RemoteAddr add_str(const std::string& text) {
    const RemoteAddr object = allocate(0x100);
    std::vector<std::byte> header(64);
    target.memory.put_bytes(object, header);
    target.memory.put(object + layout.unicode.length, static_cast<std::uint64_t>(text.size()));
    target.memory.put(object + layout.unicode.state,
                      std::uint32_t{1U << layout.unicode.kind_shift | 1U << layout.unicode.compact_shift |
                                    1U << layout.unicode.ascii_shift});
    target.memory.put_text(object + layout.unicode.ascii_data, text);
    return object;
  }

  void list_interpreters() {
    RemoteAddr next;
    for (auto i = interpreters_.rbegin(); i != interpreters_.rend(); ++i) {
      target.memory.put(i->address + layout.interpreter.next, next);
      next = i->address;
      list_threads(*i);
    }
    target.memory.put(kRuntime + layout.runtime.interpreters_head, next);
  }

  void list_threads(const Interpreter& home) {
    target.memory.put(home.address + layout.interpreter.threads_next_id, home.next_id);
    RemoteAddr next;
    for (auto thread = home.threads.rbegin(); thread != home.threads.rend(); ++thread) {
      target.memory.put(thread->state + layout.thread.next, next);
      next = thread->state;
    }
    target.memory.put(home.address + layout.interpreter.threads_head, next);
  }

  std::vector<Interpreter> interpreters_;  // in the order of the list
  RemoteAddr free_{0x200000};
};

}  // namespace gilspy
