#include "values.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>

namespace gilspy::cli {

std::string lower_case(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::optional<Quantity> quantity(const std::string& text) {
  Quantity found;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), found.number);
  if (error != std::errc() || !std::isfinite(found.number) || std::signbit(found.number)) return std::nullopt;
  found.unit = lower_case(text.substr(static_cast<std::size_t>(end - text.data())));
  std::erase(found.unit, ' ');
  return found;
}

Result<double> parse_time(const std::string& text, std::string_view where) {
  constexpr std::pair<std::string_view, double> kUnits[]{{"s", 1}, {"ms", 1e-3}, {"us", 1e-6}, {"\xc2\xb5s", 1e-6}};
  const auto typed = quantity(text);
  const auto unit = std::ranges::find_if(kUnits, [&](const auto& row) { return typed && row.first == typed->unit; });
  if (typed && typed->unit.empty()) {
    return fail(ErrorCode::kUsage, fmt::format("{} {} has no unit: write {}ms or {}s", where, text, text, text));
  }
  if (unit == std::end(kUnits) || !(typed->number > 0) || typed->number > 1e9) {
    return fail(ErrorCode::kUsage, fmt::format("{} takes a time, such as 20ms, 0.5s or 500us, not '{}'", where, text));
  }
  return typed->number * unit->second;
}

Result<Pid> parse_pid(const std::string& text) {
  std::int32_t pid = 0;
  const bool hexadecimal = text.starts_with("0x") || text.starts_with("0X");
  const auto [end, error] =
      std::from_chars(text.data() + (hexadecimal ? 2 : 0), text.data() + text.size(), pid, hexadecimal ? 16 : 10);
  if (error != std::errc() || end != text.data() + text.size() || pid <= 0) {
    return fail(ErrorCode::kUsage, fmt::format("--pid takes the number of a process, not '{}'", text));
  }
  return static_cast<Pid>(pid);
}

Result<std::optional<Nanos>> parse_duration(const std::string& text) {
  if (text == "unlimited") return std::optional<Nanos>();
  double seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size() || !(seconds > 0) || seconds > 1e9) {
    return fail(ErrorCode::kUsage, fmt::format("--duration takes a number of seconds or unlimited, not '{}'", text));
  }
  return std::optional<Nanos>(std::chrono::duration_cast<Nanos>(std::chrono::duration<double>(seconds)));
}

namespace {

constexpr double kFastest = 1e6;

// Times a second; nothing when it is no such number.
std::optional<double> frequency(const std::string& lower) {
  double number = 0;
  const auto [end, error] = std::from_chars(lower.data(), lower.data() + lower.size(), number);
  const std::string unit = lower.substr(static_cast<std::size_t>(end - lower.data()));
  if (unit == "k" || unit == "khz") number *= 1000;
  const bool known = unit.empty() || unit == "hz" || unit == "k" || unit == "khz";
  if (error != std::errc() || !known || !(number >= 0.1) || number > kFastest) return std::nullopt;
  return number;
}

}  // namespace

Result<double> parse_rate(const std::string& text) {
  const std::string lower = lower_case(text);
  if (lower == "max") return 0.0;
  if (const auto number = frequency(lower)) return *number;
  return fail(ErrorCode::kUsage,
              fmt::format("--rate takes 0.1 to 1000000 samples a second (1000, 250hz, 1khz) or max, not '{}'", text));
}

Result<std::optional<WorkDone>> parse_work(const std::string& text) {
  if (text.empty()) return std::optional<WorkDone>();
  WorkDone work;
  const char* const end = text.data() + text.size();
  const auto base = std::from_chars(text.data(), end, work.base);
  const bool goes_on = base.ec == std::errc() && base.ptr != end && *base.ptr == ':';
  const auto head = goes_on ? std::from_chars(base.ptr + 1, end, work.head) : base;
  const auto possible = [](double count) { return count > 0 && count < 1e18; };
  if (!goes_on || head.ec != std::errc() || head.ptr != end || !possible(work.base) || !possible(work.head)) {
    return fail(ErrorCode::kUsage,
                fmt::format("--work takes what was done in BASE and in HEAD, as 1200:1350, not '{}'", text));
  }
  return std::optional(work);
}

Result<double> parse_gil_rate(const std::string& text) {
  const std::string lower = lower_case(text);
  if (lower == "0") return 0.0;
  if (lower == "max") return kFastest;  // as often as it may cost
  if (const auto number = frequency(lower)) return *number;
  return fail(
      ErrorCode::kUsage,
      fmt::format("--gil-rate takes 0.1 to 1000000 looks a second (10khz), max, or 0 for none, not '{}'", text));
}

Result<std::string> parse_link(const std::string& text) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (lower_case(text).starts_with(scheme) && text.size() > scheme.size()) return text;
  }
  return fail(ErrorCode::kUsage,
              fmt::format("--link takes a URL that begins with https:// or http://, not '{}'", text));
}

}  // namespace gilspy::cli
