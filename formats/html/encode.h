// The page's data as text: columns of small numbers, compressed by zlib, in base64. data.js reads it.
//
//   length of the header, header (JSON)
//   stacks: count; parents, as distance to the stack itself (0: none); frames
//   lanes, by thread: count; activities (+ 8 where a hole comes first); holes; lengths; stacks; locks of those that
//     wait for a lock, stand still or are blocked (their place in the header's plus 1; 0: none)
//   tenures, by GIL: count; holders; holes; lengths; changes of hands not seen
//   CPUs in use: count; holes; lengths; thousandths of CPUs
//
// All numbers are LEB128, times in microseconds. Positions are rounded, lengths are differences of rounded positions:
// sums do not drift.
#pragma once

#include <string>
#include <string_view>

#include "page_data.h"

namespace gilspy::html {

std::string encoded(const PageData& data, std::string_view header);

}  // namespace gilspy::html
