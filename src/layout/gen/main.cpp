// gilspy-layoutgen FILE --name 3.11 [--source TEXT]: writes one file of src/layout/tables to standard output.
#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <string_view>

#include "table.h"
#include "type_index.h"
#include "writer.h"

namespace gilspy::layout::gen {
namespace {

constexpr std::string_view kUsage =
    "usage: gilspy-layoutgen FILE --name 3.11 [--source TEXT] > src/layout/tables/cpython_3_11.h\n"
    "FILE: a CPython with debugging information: libpython, executable, detached .debug, or linked headers.c\n";

struct Options {
  std::string file;
  std::string name;
  std::string source;
};

Result<Options> options_of(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const bool named = argument == "--name" || argument == "--source";
    if (named && i + 1 == argc) return fail(ErrorCode::kUsage, fmt::format("{} needs a value", argument));
    std::string& value = argument == "--name" ? options.name : named ? options.source : options.file;
    value = argv[named ? ++i : i];
  }
  if (options.file.empty() || options.name.empty()) return fail(ErrorCode::kUsage, std::string(kUsage));
  if (options.source.empty()) options.source = options.file.substr(options.file.rfind('/') + 1);
  return options;
}

Result<std::string> run(int argc, char** argv) {
  GILSPY_TRY(const Options options, options_of(argc, argv));
  GILSPY_TRY(const TypeIndex types, TypeIndex::open(options.file));
  GILSPY_TRY(const Table table, table_of(types));
  if (options.name.ends_with('t') != table.shape.free_threaded) {
    return fail(ErrorCode::kUsage,
                fmt::format("{} is {}a free-threaded build: its name should {}end in t", options.file,
                            table.shape.free_threaded ? "" : "not ", table.shape.free_threaded ? "" : "not "));
  }
  return header_text(table, options.name, options.source);
}

// 2: another file may do better.
int status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUsage: return 64;
    case ErrorCode::kNotPython: return 2;
    default: return 1;
  }
}

}  // namespace
}  // namespace gilspy::layout::gen

int main(int argc, char** argv) {
  const auto text = gilspy::layout::gen::run(argc, argv);
  if (!text.has_value()) {
    fmt::print(stderr, "gilspy-layoutgen: {}\n", text.error().message());
    return gilspy::layout::gen::status_of(text.error().code());
  }
  fmt::print("{}", *text);
  return 0;
}
