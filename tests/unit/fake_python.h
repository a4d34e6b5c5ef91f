// A CPython 3.13 in miniature: just enough memory for a sampler to read. Tests change it between two reads.
#pragma once

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
  RuntimeLayout layout = layout::tables::kCpython313;
  RuntimeLocation location;

  FakePython() {
    location.runtime = kRuntime;
    location.version = {3, 13, 0};
    target.memory.put(kRuntime + layout.runtime.interpreters_head, kInterpreter);
    target.memory.put(kInterpreter + layout.interpreter.next, RemoteAddr{});
    target.memory.put(kInterpreter + layout.interpreter.id, std::int64_t{0});
    target.memory.put(kInterpreter + layout.interpreter.gil, kGil);
    std::vector<std::byte> gil(layout.gil.size);
    target.memory.put_bytes(kGil, gil);
    target.memory.put(kGil + layout.gil.interval, std::uint64_t{5000});
    target.memory.put(kCodeType + layout.object.type_name, RemoteAddr{0x31000});
    target.memory.put_text(RemoteAddr{0x31000}, std::string("code") + std::string(60, '\0'));
    list_threads();
  }

  // A function; its address is its code object.
  RemoteAddr add_function(const std::string& name, int first_line) {
    const RemoteAddr code = allocate(0x200);
    const RemoteAddr table = allocate(0x40);
    std::vector<std::byte> bytes(layout.code.size + 64);
    target.memory.put_bytes(code, bytes);
    target.memory.put(code + layout.object.type, kCodeType);
    target.memory.put(code + layout.code.filename, add_str("work.py"));
    target.memory.put(code + layout.code.qualname, add_str(name));
    target.memory.put(code + layout.code.first_line, std::int32_t{first_line});
    target.memory.put(code + layout.code.line_table, table);
    target.memory.put(table + layout.object.var_size, std::uint64_t{4});
    // Two entries without columns, two units each: first_line + 1, then the line after.
    const std::array<std::uint8_t, 4> entries{0xe9, 0x02, 0xe9, 0x02};
    target.memory.put(table + layout.object.bytes_data, entries);
    return code;
  }

  struct Thread {
    RemoteAddr state;
    RemoteAddr chunk;
    std::uint64_t id = 0;
    Tid tid{};
  };

  // A running thread without frames, at the head of the list as CPython does it. `reuse`: the memory of an ended one.
  Thread add_thread(std::uint64_t id, Tid tid, RemoteAddr reuse = {}) {
    Thread thread{reuse.is_null() ? allocate(0x200) : reuse, allocate(kChunkSize), id, tid};
    std::vector<std::byte> bytes(layout.thread.size);
    target.memory.put_bytes(thread.state, bytes);
    target.memory.put(thread.state + layout.thread.interpreter, kInterpreter);
    target.memory.put(thread.state + layout.thread.id, id);
    target.memory.put(thread.state + layout.thread.native_thread_id, static_cast<std::uint64_t>(to_int(tid)));
    target.memory.put(thread.state + layout.thread.thread_id, std::uint64_t{0x7000} + id);
    target.memory.put(thread.state + layout.thread.datastack_chunk, thread.chunk);
    std::vector<std::byte> chunk(kChunkSize);
    target.memory.put_bytes(thread.chunk, chunk);
    target.memory.put(thread.chunk + layout.chunk.chunk_size, kChunkSize);
    target.add_thread(tid);
    threads_.insert(threads_.begin(), thread);
    next_id_ = std::max(next_id_, id + 1);
    list_threads();
    return thread;
  }

  void remove_thread(const Thread& thread) {
    std::erase_if(threads_, [&](const Thread& t) { return t.id == thread.id; });
    target.end_thread(thread.tid);
    list_threads();
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
    target.memory.put(thread.state + layout.thread.frame_root, previous);
    target.memory.put(thread.state + layout.thread.datastack_top, frame);
  }

  void put_frame(RemoteAddr frame, const Call& call, RemoteAddr previous) {
    std::vector<std::byte> bytes(layout.frame.size);
    target.memory.put_bytes(frame, bytes);
    target.memory.put(frame + layout.frame.code, call.code);
    target.memory.put(frame + layout.frame.previous, previous);
    target.memory.put(frame + layout.frame.instruction,
                      call.code + layout.code.instructions + static_cast<std::uint64_t>(2 * call.unit));
  }

  void hold_gil(const Thread& thread, std::uint64_t switch_number) {
    target.memory.put(kGil + layout.gil.locked, std::int32_t{1});
    target.memory.put(kGil + layout.gil.last_holder, thread.state);
    target.memory.put(kGil + layout.gil.switch_number, switch_number);
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
  RemoteAddr add_str(const std::string& text) {
    const RemoteAddr object = allocate(0x100);
    std::vector<std::byte> header(64);
    target.memory.put_bytes(object, header);
    target.memory.put(object + layout.unicode.length, static_cast<std::uint64_t>(text.size()));
    target.memory.put(object + layout.unicode.state, std::uint32_t{1U << 2 | 1U << 5 | 1U << 6});
    target.memory.put_text(object + layout.unicode.ascii_data, text);
    return object;
  }

  void list_threads() {
    target.memory.put(kInterpreter + layout.interpreter.threads_next_id, next_id_);
    target.memory.put(kInterpreter + layout.interpreter.threads_head,
                      threads_.empty() ? RemoteAddr{} : threads_.front().state);
    for (std::size_t i = 0; i < threads_.size(); ++i) {
      const RemoteAddr next = i + 1 < threads_.size() ? threads_[i + 1].state : RemoteAddr{};
      target.memory.put(threads_[i].state + layout.thread.next, next);
    }
  }

  std::vector<Thread> threads_;  // in the order of the list
  std::uint64_t next_id_ = 1;
  RemoteAddr free_{0x200000};
};

}  // namespace gilspy
