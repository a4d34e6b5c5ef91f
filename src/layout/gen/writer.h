// One table as C++: a file of src/layout/tables.
#pragma once

#include <string>
#include <string_view>

#include "table.h"

namespace gilspy::layout::gen {

// `name` is "3.11" or "3.13t"; `source` says what the offsets are taken from.
std::string header_text(const Table& table, std::string_view name, std::string_view source);

}  // namespace gilspy::layout::gen
