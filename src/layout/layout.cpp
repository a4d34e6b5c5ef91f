#include "gilspy/layout.h"

#include <fmt/format.h>

#include <array>

#include "tables/cpython_3_11.h"
#include "tables/cpython_3_13.h"

namespace gilspy::layout {
namespace {

// The one place that knows which versions exist: a new one is a data file and a row.
struct Row {
  int minor;
  bool free_threaded;
  const RuntimeLayout* layout;
};

constexpr std::array kTables{
    Row{11, false, &tables::kCpython311},
    Row{13, false, &tables::kCpython313},
};

std::string supported() {
  std::string list;
  for (const Row& row : kTables) {
    list += fmt::format("{}3.{}{}", list.empty() ? "" : ", ", row.minor, row.free_threaded ? "t" : "");
  }
  return list;
}

}  // namespace

Result<RuntimeLayout> for_build(const RuntimeLocation& location) {
  for (const Row& row : kTables) {
    if (location.version.major == 3 && location.version.minor == row.minor &&
        location.free_threaded == row.free_threaded) {
      return *row.layout;
    }
  }
  return fail(ErrorCode::kUnsupported,
              fmt::format("this is CPython {}{} ({}), for which gilspy has no layout table; it has tables for {}",
                          location.version.text(), location.free_threaded ? " free-threaded" : "", location.binary,
                          supported()));
}

}  // namespace gilspy::layout
