#include <array>

#include "gilspy/verdict.h"

namespace gilspy {

std::string_view code_name(VerdictCode code) {
  constexpr std::array<std::string_view, 10> kNames{"gil_reenabled",
                                                    "serialized_by_gil",
                                                    "gil_hogged_by_native_call",
                                                    "parallel_free_threaded",
                                                    "parallel_interpreters",
                                                    "parallel_native",
                                                    "single_threaded",
                                                    "io_bound",
                                                    "idle",
                                                    "insufficient_data"};
  return kNames[static_cast<std::size_t>(code)];
}

}  // namespace gilspy
