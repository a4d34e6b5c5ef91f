#include "drawing.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iterator>

#include "text.h"

namespace gilspy::flamegraph {
namespace {

std::string css(Rgb c) { return fmt::format("rgb({},{},{})", c.r, c.g, c.b); }

// Marks of the tools that fold stacks for kernel, inlined, jitted and waker frames. Not shown, as readers are used to.
std::string_view without_mark(std::string_view name) {
  constexpr std::array<std::string_view, 4> kMarks{"_[k]", "_[i]", "_[j]", "_[w]"};
  const bool marked = std::ranges::any_of(kMarks, [name](std::string_view mark) { return name.ends_with(mark); });
  return marked ? name.substr(0, name.size() - 4) : name;
}

// The colour itself with something dark over it, thin enough to read text on.
std::string pattern(std::size_t number, Texture texture, Rgb colour) {
  if (texture == Texture::kHatched) {
    return fmt::format(
        R"svg(<pattern id="t{0}" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">)svg"
        R"(<rect width="7" height="7" fill="{1}"/><rect width="1.5" height="7" fill="#4a2800"/></pattern>)",
        number, css(colour));
  }
  return fmt::format(
      R"(<pattern id="t{0}" width="6" height="6" patternUnits="userSpaceOnUse"><rect width="6" height="6" fill="{1}"/>)"
      R"(<circle cx="1.5" cy="1.5" r="0.8" fill="#6e6e6e"/></pattern>)",
      number, css(colour));
}

// Native functions stand with their module in square brackets (stack_view::frame_text).
std::string_view text_class(bool is_family, std::string_view name, Rgb colour) {
  if (is_family) return contrast_with_black(colour) < 4.5 ? R"( class="f w")" : R"( class="f")";
  return name.ends_with(']') ? R"( class="n")" : "";
}

}  // namespace

std::string Drawing::frames(const Pruning& pruning) {
  out_.clear();
  for (const std::size_t index : flow_.closing) {
    if (pruning.drawn[index]) {
      draw(flow_.frames[index]);
    }
  }
  return std::move(out_);
}

void Drawing::draw(const FlowFrame& frame) {
  constexpr double kTextInset = 3;  // pixels of a graph of the usual width
  const std::string_view family = family_of(frame);
  const bool is_family = frame.name == family && is_activity(family);
  const Rgb colour = colour_of(frame, family);
  const std::string name = sanitised(without_mark(frame.name));
  const std::size_t y = height_ - kPadBottom - (frame.depth + 1) * kRow;
  const double x = percent(frame.start);
  fmt::format_to(std::back_inserter(out_),
                 R"(<g><title>{} ({} {}, {}%{})</title><rect x="{:.4f}%" y="{}" width="{:.4f}%" height="{}" fill="{}")"
                 R"({} fg:x="{}" fg:w="{}"/><text x="{:.4f}%" y="{:.2f}"{}>{}</text></g>)",
                 escaped(name), thousands(frame.width()), escaped(sanitised(options_.count_name)), percentage(frame),
                 change(frame), x, y + 1, percent(frame.width()), kRow - 1, css(colour),
                 frame.depth == 0 || frame.delta ? "" : fill_class(family, colour), frame.start, frame.width(),
                 x + 100 * kTextInset / 1200, static_cast<double>(y) + 11.5, text_class(is_family, name, colour),
                 escaped(label(frame, name, is_family)));
  out_ += '\n';
}

// From white to red for more, to blue for less; the largest change has the full colour.
Rgb Drawing::colour_of(const FlowFrame& frame, std::string_view family) const {
  constexpr Rgb kRoot{0xE4, 0xE2, 0xDC};
  constexpr std::uint8_t kUnchanged = 250;
  constexpr std::uint64_t kDarkest = 100, kRange = 150;
  if (!frame.delta) return frame.depth == 0 ? kRoot : options_.colour(family, frame.name);
  if (*frame.delta == 0) return {kUnchanged, kUnchanged, kUnchanged};
  const auto size = static_cast<std::uint64_t>(std::abs(*frame.delta));
  const auto pale = static_cast<std::uint8_t>(kDarkest + kRange * (flow_.largest_delta - size) / flow_.largest_delta);
  const bool more = (*frame.delta > 0) != options_.negate;
  return more ? Rgb{255, pale, pale} : Rgb{pale, pale, 255};
}

// "; +1.23%" of all counts
std::string Drawing::change(const FlowFrame& frame) const {
  if (!frame.delta || frame.depth == 0) return {};
  if (*frame.delta == 0) return "; 0.00%";
  const double delta = options_.negate ? -double(*frame.delta) : double(*frame.delta);
  return fmt::format("; {:+.2f}%", flow_.total() == 0 ? 0.0 : 100 * delta / double(flow_.total()));
}

// The activity that the first or the second frame of the stack names: the second where stacks begin with a thread.
std::string_view Drawing::family_of(const FlowFrame& frame) const {
  if (!options_.family.empty() || frame.depth == 0) {
    return options_.family;
  }
  const FlowFrame* second = &frame;
  const FlowFrame* first = &frame;
  while (first->depth > 1) {
    second = first;
    first = &flow_.frames[first->parent];
  }
  return !is_activity(first->name) && second->depth == 2 && is_activity(second->name) ? second->name : first->name;
}

std::string Drawing::percentage(const FlowFrame& frame) const {
  return frame.depth == 0 ? "100" : fmt::format("{:.2f}", percent(frame.width()));
}

std::string Drawing::label(const FlowFrame& frame, const std::string& name, bool with_share) const {
  const double pixels = (options_.width - 2 * kPadSide) * percent(frame.width()) / 100;
  const auto room = static_cast<std::size_t>(pixels / (kFontSize * kFontWidth));
  if (with_share) {
    const std::string longer = fmt::format("{}: {:.1f} %", name, percent(frame.width()));
    if (length(longer) <= room) {
      return longer;
    }
  }
  return cut(name, room);
}

// A class rather than a second shape: each <g> stays what readers expect, fill="rgb()" included.
std::string Drawing::fill_class(std::string_view family, Rgb colour) {
  const Texture texture = options_.texture(family);
  if (texture == Texture::kPlain) {
    return {};
  }
  const auto [entry, is_new] = patterns_.try_emplace({texture, colour}, patterns_.size());
  return fmt::format(R"( class="t{}")", entry->second);
}

std::string Drawing::patterns() const {
  std::string out;
  for (const auto& [key, number] : patterns_) {
    out += pattern(number, key.first, key.second);
  }
  return out;
}

std::string Drawing::rules() const {
  std::string out;
  if (flow_.frames.front().delta) out += "#frames rect { stroke:#aaa; }\n";  // many are as white as the page
  for (const auto& [key, number] : patterns_) {
    // The halo keeps the text readable where it crosses the pattern.
    out +=
        fmt::format("#frames .t{0} {{ fill:url(#t{0}); }}\n.t{0} + text {{ stroke:{1}; }}\n", number, css(key.second));
    if (key.first == Texture::kDotted) {  // white on white: the outline shows where the frame ends
      out += fmt::format("#frames .t{} {{ stroke:#999; }}\n", number);
    }
  }
  return out;
}

double Drawing::percent(std::uint64_t count) const {
  return flow_.total() == 0 ? 0 : 100.0 * static_cast<double>(count) / static_cast<double>(flow_.total());
}

}  // namespace gilspy::flamegraph
