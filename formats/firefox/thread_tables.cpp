#include "thread_tables.h"

#include "gilspy/wording.h"
#include "meta.h"

namespace gilspy::firefox {
namespace {

constexpr std::uint32_t kNoFile = 0xffffffff;

using formats::JsonStream;

// A table is an object of columns: [of each row what `cell` writes].
template <typename Rows, typename Cell>
void column(JsonStream& json, std::string_view name, const Rows& rows, Cell cell) {
  json.array(name, [&] {
    for (const auto& row : rows) cell(row);
  });
}

template <typename Number>
void number_or_null(JsonStream& json, const std::optional<Number>& number) {
  if (number.has_value()) {
    json.value(*number);
  } else {
    json.value(nullptr);
  }
}

void line_or_null(JsonStream& json, int line) {
  if (line > 0) {
    json.value(line);
  } else {
    json.value(nullptr);
  }
}

void write_empty(JsonStream& json, std::string_view table, std::initializer_list<std::string_view> columns) {
  json.object(table, [&] {
    json.pair("length", 0);
    for (const std::string_view name : columns) json.array(name, [] {});
  });
}

}  // namespace

ThreadTables::ThreadTables(const Profile& profile, const RenderOptions& options, Strings& strings)
    : profile_(profile), options_(options), strings_(strings) {}

std::uint32_t ThreadTables::of(Activity activity, StackId stack) {
  const auto key_of = [activity](StackId id) { return std::uint64_t{index_of(activity)} << 32 | to_int(id); };
  if (stack == kNoStack) {
    const auto [known, is_new] = known_stacks_.try_emplace(key_of(stack), 0);
    if (!is_new) return known->second;
    const std::uint32_t root = root_of(activity);  // first, whichever way a compiler orders arguments
    return known->second = below(root, frame_of_nothing());
  }
  std::vector<StackId> missing;  // innermost first
  StackId at = stack;
  for (; at != kNoStack && known_stacks_.count(key_of(at)) == 0; at = profile_.table.parent(at)) missing.push_back(at);
  std::uint32_t row = at == kNoStack ? root_of(activity) : known_stacks_.at(key_of(at));
  for (auto id = missing.rbegin(); id != missing.rend(); ++id) {
    row = below(row, frame_of(profile_.table.leaf(*id)));
    known_stacks_[key_of(*id)] = row;
  }
  return row;
}

std::uint32_t ThreadTables::below(std::uint32_t prefix, std::uint32_t frame) {
  stacks_.push_back({.frame = frame, .prefix = prefix});
  return static_cast<std::uint32_t>(stacks_.size() - 1);
}

std::uint32_t ThreadTables::root_of(Activity activity) {
  const auto [known, is_new] = roots_.try_emplace(activity, static_cast<std::uint32_t>(stacks_.size()));
  if (is_new) {
    const std::uint32_t function = function_of({.name = strings_.of(words(activity)), .file = {}, .line = 0});
    stacks_.push_back(
        {.frame = add({.function = function, .line = 0, .category = category_of(activity)}), .prefix = {}});
  }
  return known->second;
}

std::uint32_t ThreadTables::frame_of_nothing() {
  if (!nothing_.has_value()) {
    const std::uint32_t function = function_of({.name = strings_.of(wording::kNoPythonFrame), .file = {}, .line = 0});
    nothing_ = add({.function = function, .line = 0, .category = {}});
  }
  return *nothing_;
}

std::uint32_t ThreadTables::frame_of(FrameId id) {
  const auto [known, is_new] = known_frames_.try_emplace(to_int(id), 0);
  if (!is_new) return known->second;
  const Frame& frame = profile_.table.frame(id);
  const std::string file = options_.full_filenames ? frame.file : wording::short_file(frame.file, profile_.target);
  FunctionRow row{.name = strings_.of(frame.function.empty() ? "(no name)" : std::string_view(frame.function)),
                  .file = {},
                  .line = frame.first_line};
  if (!file.empty()) row.file = strings_.of(file);
  const std::uint32_t function = function_of(row);
  const int line = !options_.line_numbers ? 0 : options_.by_function ? frame.first_line : frame.line;
  const auto [same, is_new_line] = frames_by_line_.try_emplace({function, line}, 0);
  if (is_new_line) same->second = add({.function = function, .line = line, .category = {}});
  return known->second = same->second;
}

std::uint32_t ThreadTables::function_of(const FunctionRow& row) {
  const auto [known, is_new] = known_functions_.try_emplace({{row.name, row.file.value_or(kNoFile)}, row.line},
                                                            static_cast<std::uint32_t>(functions_.size()));
  if (is_new) functions_.push_back(row);
  return known->second;
}

std::uint32_t ThreadTables::add(const FrameRow& row) {
  frames_.push_back(row);
  return static_cast<std::uint32_t>(frames_.size() - 1);
}

void ThreadTables::write(JsonStream& json) const {
  json.object("stackTable", [&] {
    json.pair("length", stacks_.size());
    column(json, "frame", stacks_, [&](const StackRow& row) { json.value(row.frame); });
    column(json, "prefix", stacks_, [&](const StackRow& row) { number_or_null(json, row.prefix); });
  });
  json.new_line();
  json.object("frameTable", [&] {
    json.pair("length", frames_.size());
    column(json, "address", frames_, [&](const FrameRow&) { json.value(-1); });
    column(json, "inlineDepth", frames_, [&](const FrameRow&) { json.value(0); });
    column(json, "category", frames_, [&](const FrameRow& row) { number_or_null(json, row.category); });
    column(json, "subcategory", frames_, [&](const FrameRow& row) {
      number_or_null(json, row.category.has_value() ? std::optional(0) : std::nullopt);
    });
    column(json, "func", frames_, [&](const FrameRow& row) { json.value(row.function); });
    column(json, "nativeSymbol", frames_, [&](const FrameRow&) { json.value(nullptr); });
    column(json, "innerWindowID", frames_, [&](const FrameRow&) { json.value(nullptr); });
    column(json, "line", frames_, [&](const FrameRow& row) { line_or_null(json, row.line); });
    column(json, "column", frames_, [&](const FrameRow&) { json.value(nullptr); });
  });
  json.new_line();
  json.object("funcTable", [&] {
    json.pair("length", functions_.size());
    column(json, "name", functions_, [&](const FunctionRow& row) { json.value(row.name); });
    column(json, "isJS", functions_, [&](const FunctionRow&) { json.value(false); });
    column(json, "relevantForJS", functions_, [&](const FunctionRow&) { json.value(false); });
    column(json, "resource", functions_, [&](const FunctionRow&) { json.value(-1); });
    column(json, "fileName", functions_, [&](const FunctionRow& row) { number_or_null(json, row.file); });
    column(json, "lineNumber", functions_, [&](const FunctionRow& row) { line_or_null(json, row.line); });
    column(json, "columnNumber", functions_, [&](const FunctionRow&) { json.value(nullptr); });
  });
  json.new_line();
  write_empty(json, "resourceTable", {"lib", "name", "host", "type"});
  write_empty(json, "nativeSymbols", {"libIndex", "address", "name", "functionSize"});
}

}  // namespace gilspy::firefox
