// The document around the frames: header, style, script, titles and controls.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "chains.h"
#include "drawing.h"
#include "flamegraph.h"
#include "prune.h"
#include "script.js.h"
#include "stack_flow.h"
#include "style.css.h"
#include "text.h"

namespace gilspy::flamegraph {
namespace {

struct Page {
  double width = 0;
  std::size_t height = 0;
  std::string title;
  std::string subtitle;
};

std::size_t height_of(const Flow& flow, const Pruning& pruning, bool has_subtitle) {
  std::size_t deepest = 0;
  for (std::size_t i = 0; i < flow.frames.size(); ++i) {
    if (pruning.drawn[i]) {
      deepest = std::max(deepest, flow.frames[i].depth);
    }
  }
  return kPadTop + (has_subtitle ? kSubtitle : 0) + (deepest + 1) * kRow + kPadBottom;
}

// What is not drawn is said even if the subtitle has to give way to it.
std::string subtitle_of(const Options& options, const Flow& flow, const Pruning& pruning) {
  constexpr double kLetter = 6.7;  // pixels of the subtitle's font, generously
  const std::string note =
      flow.total() == 0 ? "nothing was sampled" : statement(pruning, flow.total(), options.width - 2 * kPadSide);
  const std::string subtitle = sanitised(options.subtitle);
  const auto room = static_cast<std::size_t>((options.width - 2 * kPadSide) / kLetter);
  if (note.empty() || subtitle.empty()) {
    return cut(note + subtitle, room);
  }
  constexpr std::string_view kBetween = " \xC2\xB7 ";  // a middle dot
  return cut(subtitle, room - std::min(room, note.size() + 3)) + std::string(kBetween) + note;
}

std::string header(const Page& page) {
  return fmt::format(
      R"(<?xml version="1.0" encoding="UTF-8" standalone="no"?>)"
      "\n"
      R"svg(<svg version="1.1" width="{0:g}" height="{1}" onload="init(evt)" viewBox="0 0 {0:g} {1}" role="img" )svg"
      R"(aria-label="{2}" xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" )"
      R"(xmlns:fg="http://github.com/jonhoo/inferno"><title>{3}</title><!--NOTES: -->)"
      "\n",
      page.width, page.height, escaped("Flame graph: " + page.title + ". " + page.subtitle), escaped(page.title));
}

std::string definitions(const Drawing& drawing) {
  return fmt::format(R"(<defs><linearGradient id="background" y1="0" y2="1" x1="0" x2="0"><stop offset="5%"/>)"
                     R"(<stop offset="95%"/></linearGradient>{}</defs>)"
                     "\n<style type=\"text/css\">\n{}{}</style>\n",
                     drawing.patterns(), assets::style, drawing.rules());
}

// These variables are part of what readers of such graphs rely on; the script uses them as well.
std::string script() {
  return fmt::format(
      "<script type=\"text/ecmascript\"><![CDATA[\n"
      "var nametype = 'Frame:';\nvar fontsize = {:g};\nvar fontwidth = {:g};\nvar xpad = {:g};\n"
      "var inverted = false;\nvar searchcolor = 'rgb(230,0,230)';\nvar fluiddrawing = true;\n"
      "var truncate_text_right = false;\n{}]]></script>\n",
      kFontSize, kFontWidth, kPadSide, assets::script);
}

// The largest size at which the title stays between the controls at its sides; below the smallest it is cut.
std::string title_text(const Page& page) {
  constexpr double kLargest = 17;
  constexpr double kSmallest = 11;
  constexpr double kLetter = 0.6;        // of the font size, on average, bold
  constexpr double kControls = 2 * 100;  // pixels
  const double room = std::max(page.width - kControls, 1.0);
  const auto letters = static_cast<double>(std::max<std::size_t>(length(page.title), 1));
  const double size = std::clamp(room / (letters * kLetter), kSmallest, kLargest);
  const auto letters_that_fit = static_cast<std::size_t>(room / (size * kLetter) + 0.5);
  return fmt::format(
      R"svg(<text id="title" fill="rgb(0,0,0)" x="50.0000%" y="24.00" style="font-size:{:.1f}px">{}</text>)svg",
      std::floor(size * 10) / 10, escaped(cut(page.title, letters_that_fit)));
}

std::string controls(const Page& page) {
  const double right = page.width - kPadSide;
  const double bottom = static_cast<double>(page.height) - kPadBottom / 2.0;
  std::string out =
      fmt::format(R"svg(<rect x="0" y="0" width="100%" height="{}" fill="url(#background)"/>)svg", page.height);
  out += title_text(page);
  if (!page.subtitle.empty()) {
    out += fmt::format(R"svg(<text id="subtitle" fill="rgb(0,0,0)" x="50.0000%" y="48.00">{}</text>)svg",
                       escaped(page.subtitle));
  }
  const auto text = [&out](std::string_view id, std::string_view more, double x, double y, std::string_view words) {
    out +=
        fmt::format(R"svg(<text id="{}"{} fill="rgb(0,0,0)" x="{:g}" y="{:.2f}">{}</text>)svg", id, more, x, y, words);
  };
  text("details", R"( aria-live="polite")", kPadSide, bottom, " ");
  text("unzoom", R"( class="hide")", kPadSide, 24, "Reset Zoom");
  text("search", "", right, 24, "Search");
  text("matched", R"( aria-live="polite")", right, bottom, " ");
  return out;
}

}  // namespace

std::string render(std::span<const FoldedLine> lines, const Options& asked) {
  Options options = asked;
  options.width = std::isfinite(asked.width) ? std::max(asked.width, kMinWidth) : kMinWidth;
  Flow stacks = flow(lines);
  Pruning pruning = prune(stacks, options.min_width_percent, options.max_frames);
  if (options.max_frames > 0) fold_chains(stacks, pruning);
  Page page;
  page.width = options.width;
  page.title = sanitised(options.title);
  page.subtitle = subtitle_of(options, stacks, pruning);
  page.height = height_of(stacks, pruning, !page.subtitle.empty());
  Drawing drawing(stacks, options, page.height);
  const std::string frames = drawing.frames(pruning);
  return header(page) + definitions(drawing) + script() + controls(page) +
         fmt::format("\n<svg id=\"frames\" x=\"{:g}\" width=\"{:g}\" total_samples=\"{}\">\n", kPadSide,
                     page.width - 2 * kPadSide, stacks.total()) +
         frames + "</svg>\n</svg>\n";
}

}  // namespace gilspy::flamegraph
