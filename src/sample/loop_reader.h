// What an event loop of asyncio is at: told by the variables of its frame, BaseEventLoop._run_once. `end_time` is not
// set while it waits for events and is the loop's time when it begins with callbacks, of which there are `ntodo`; `i`
// counts them, `handle` is the one that runs.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "frame_reader.h"
#include "gilspy/layout.h"
#include "gilspy/loops.h"
#include "gilspy/stacks.h"
#include "gilspy/target.h"

namespace gilspy::sample {

class LoopReader {
 public:
  LoopReader(MemoryReader& memory, const RuntimeLayout& layout, CodeCache& codes, const StackTable& stacks)
      : memory_(memory), layout_(layout), stacks_(stacks), frames_(memory, layout, codes) {}

  // How many frames are outside of the innermost one that is a loop's; none: nobody runs a loop there.
  std::optional<std::size_t> depth_in(StackId stack);
  struct Reading {
    LoopFacts facts;
    std::uint32_t begun = 0;  // callbacks of the round
  };
  // `place`: that frame, of a thread that may run on. None: it cannot be told.
  std::optional<Reading> read(const FramePlace& place);

 private:
  enum Variable : std::size_t { kEndTime, kNtodo, kIndex, kHandle, kVariables };

  bool read_objects(std::span<const RemoteAddr> objects, std::size_t count);
  std::uint32_t number_in(Variable variable) const;
  std::optional<Nanos> time_in(RemoteAddr object);
  bool is_timer(RemoteAddr handle);

  MemoryReader& memory_;
  const RuntimeLayout& layout_;
  const StackTable& stacks_;
  FrameReader frames_;
  RemoteAddr float_type_;                                      // &PyFloat_Type, once seen
  RemoteAddr handle_type_, timer_type_;                        // of asyncio.events, once seen
  std::array<std::array<std::byte, 64>, kVariables> objects_;  // as they were read last
  struct Known {
    std::uint32_t size = 0;  // frames of the stack
    std::uint32_t loop = 0;  // what depth_in() says, plus 1; 0: none
  };
  std::vector<Known> known_;  // by StackId
};

}  // namespace gilspy::sample
