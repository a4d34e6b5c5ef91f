// Where functions begin, by the table that unwinders search (.eh_frame_hdr; Linux Standard Base, Core).
#pragma once

#include <optional>

#include "gilspy/native.h"

namespace gilspy::native {

// The begin of the function, or of the part of one, that has this address. Nothing: the image has no usable table. What
// lies behind the end of a function counts as its own.
std::optional<RemoteAddr> function_begin(NativeMemory& memory, const NativeImage& image, RemoteAddr address);

// One of its entries begins exactly there.
bool begins_function(NativeMemory& memory, const NativeImage& image, RemoteAddr address);

}  // namespace gilspy::native
