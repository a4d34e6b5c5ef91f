#include "events.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "gilspy/wording.h"

namespace gilspy::chrometrace {
namespace {

constexpr std::size_t kPiece = 1 << 16;

}  // namespace

Events::Events(ByteSink& sink) : sink_(sink), writer_(buffer_) {
  writer_.StartObject();
  pair("displayTimeUnit", std::string_view("ns"));
  key("otherData");
  writer_.StartObject();
}

void Events::about(std::string_view name, std::string_view value) { pair(name, value); }

void Events::begin() {
  writer_.EndObject();
  key("traceEvents");
  writer_.StartArray();
  buffer_.Put('\n');
}

void Events::metadata(std::string_view name, Pid pid, std::optional<std::int64_t> tid) {
  open("M", name, pid);
  if (tid.has_value()) pair("tid", *tid);
  key("args");
  writer_.StartObject();
}

void Events::name_process(Pid pid, std::string_view name) {
  metadata("process_name", pid, {});
  pair("name", name);
  writer_.EndObject();
  close();
}

void Events::sort_process(Pid pid, int place) {
  metadata("process_sort_index", pid, {});
  pair("sort_index", std::int64_t{place});
  writer_.EndObject();
  close();
}

void Events::name_thread(Lane lane, std::string_view name, int place) {
  metadata("thread_name", lane.pid, lane.tid);
  pair("name", name);
  writer_.EndObject();
  close();
  metadata("thread_sort_index", lane.pid, lane.tid);
  pair("sort_index", std::int64_t{place});
  writer_.EndObject();
  close();
}

void Events::complete(Lane lane, std::string_view name, Nanos from, Nanos to, std::string_view lock) {
  open("X", name, lane.pid);
  pair("tid", lane.tid);
  pair("ts", from);
  pair("dur", to - from);
  if (!lock.empty()) {
    key("args");
    writer_.StartObject();
    pair("lock", lock);
    writer_.EndObject();
  }
  close();
}

void Events::counter(Pid pid, std::string_view name, std::string_view unit, Nanos at, double value) {
  open("C", name, pid);
  pair("cat", std::string_view("gilspy"));  // Chrome's viewer puts it in front of the name
  pair("ts", at);
  key("args");
  writer_.StartObject();
  key(unit);
  const double number = std::isfinite(value) ? value : 0.0;
  if (number == std::floor(number)) {
    writer_.Int64(static_cast<std::int64_t>(number));
  } else {
    writer_.Double(number);
  }
  writer_.EndObject();
  close();
}

void Events::finish() {
  writer_.EndArray();
  writer_.EndObject();
  buffer_.Put('\n');
  flush();
}

void Events::open(std::string_view kind, std::string_view name, Pid pid) {
  writer_.StartObject();
  pair("ph", kind);
  pair("name", name);
  pair("pid", std::int64_t{to_int(pid)});
}

void Events::close() {
  writer_.EndObject();
  buffer_.Put('\n');
  if (buffer_.GetSize() >= kPiece) flush();
}

void Events::pair(std::string_view name, std::string_view value) {
  key(name);
  const std::string text = wording::valid_utf8(value);
  writer_.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

void Events::pair(std::string_view name, std::int64_t value) {
  key(name);
  writer_.Int64(value);
}

// Microseconds, as the format wants them, with all digits.
void Events::pair(std::string_view name, Nanos time) {
  key(name);
  const auto count = static_cast<std::uint64_t>(std::max<Nanos::rep>(time.count(), 0));
  const std::string number = fmt::format("{}.{:03}", count / 1000, count % 1000);
  writer_.RawValue(number.data(), number.size(), rapidjson::kNumberType);
}

void Events::key(std::string_view text) { writer_.Key(text.data(), static_cast<rapidjson::SizeType>(text.size())); }

void Events::flush() {
  sink_.write({buffer_.GetString(), buffer_.GetSize()});
  buffer_.Clear();
}

}  // namespace gilspy::chrometrace
