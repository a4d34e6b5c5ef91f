#include "gilspy/layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "complete.h"
#include "debug_offsets.h"
#include "tables/cpython_3_10.h"
#include "tables/cpython_3_11.h"
#include "tables/cpython_3_12.h"
#include "tables/cpython_3_13.h"
#include "tables/cpython_3_13t.h"
#include "tables/cpython_3_14.h"
#include "tables/cpython_3_14t.h"
#include "tables/cpython_3_15.h"
#include "tables/cpython_3_15t.h"
#include "tables/cpython_3_8.h"
#include "tables/cpython_3_9.h"

namespace gilspy::layout {
namespace {

// The one place that knows which versions exist: a new one is a data file and a row.
struct Row {
  int minor;
  bool free_threaded;
  const RuntimeLayout* layout;
  std::span<const DebugSlot> slots = {};
};

constexpr std::array kTables{
    Row{8, false, &tables::kCpython38},
    Row{9, false, &tables::kCpython39},
    Row{10, false, &tables::kCpython310},
    Row{11, false, &tables::kCpython311},
    Row{12, false, &tables::kCpython312},
    Row{13, false, &tables::kCpython313, tables::kDebugOffsets313},
    Row{13, true, &tables::kCpython313t, tables::kDebugOffsets313t},
    Row{14, false, &tables::kCpython314, tables::kDebugOffsets314},
    Row{14, true, &tables::kCpython314t, tables::kDebugOffsets314t},
    Row{15, false, &tables::kCpython315, tables::kDebugOffsets315},
    Row{15, true, &tables::kCpython315t, tables::kDebugOffsets315t},
};

static_assert(std::ranges::all_of(kTables, [](const Row& row) { return first_missing(*row.layout).empty(); }));

const Row* row_for(const PythonVersion& version, bool free_threaded) {
  for (const Row& row : kTables) {
    if (version.major == 3 && version.minor == row.minor && free_threaded == row.free_threaded) return &row;
  }
  return nullptr;
}

// "3.8 to 3.15", "3.13t to 3.15t"; with gaps "3.8 to 3.11, 3.13".
std::string supported(bool free_threaded) {
  std::string list;
  int first = 0;
  int last = 0;
  const auto add_range = [&] {
    if (first == 0) return;
    const char* mark = free_threaded ? "t" : "";
    list += fmt::format("{}3.{}{}", list.empty() ? "" : ", ", first, mark);
    if (last > first) list += fmt::format(" to 3.{}{}", last, mark);
  };
  for (const Row& row : kTables) {
    if (row.free_threaded != free_threaded) continue;
    if (row.minor != last + 1) {
      add_range();
      first = row.minor;
    }
    last = row.minor;
  }
  add_range();
  return list;
}

}  // namespace

Result<RuntimeLayout> for_build(MemoryReader& memory, const RuntimeLocation& location) {
  const Row* row = row_for(location.version, location.free_threaded);
  if (row == nullptr) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("this is CPython {}{} ({}), for which gilspy has no layout table; it has tables for {}, "
                            "free-threaded {}",
                            location.version.text(), location.free_threaded ? " free-threaded" : "", location.binary,
                            supported(false), supported(true)));
  }
  RuntimeLayout layout = *row->layout;
  if (!row->slots.empty()) GILSPY_CHECK(take_debug_offsets(memory, location, row->slots, layout));
  return layout;
}

bool has_qualified_names(const PythonVersion& version, bool free_threaded) {
  const Row* row = row_for(version, free_threaded);
  return row == nullptr || row->layout->code.qualname != kAbsent;
}

}  // namespace gilspy::layout
