// The frames as SVG elements, and the patterns that their textures need.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>

#include "flamegraph.h"
#include "prune.h"
#include "stack_flow.h"

namespace gilspy::flamegraph {

// Pixels, as readers of inferno's graphs expect them.
inline constexpr std::size_t kRow = 16;
inline constexpr std::size_t kPadTop = 36;
inline constexpr std::size_t kPadBottom = 34;
inline constexpr std::size_t kSubtitle = 24;
inline constexpr double kPadSide = 10;
inline constexpr double kFontSize = 12;
inline constexpr double kFontWidth = 0.59;  // of the font size

class Drawing {
 public:
  // Flow and options must outlive the drawing. `height` is that of the whole image.
  Drawing(const Flow& flow, const Options& options, std::size_t height)
      : flow_(flow), options_(options), height_(height) {}

  std::string frames(const Pruning& pruning);  // one <g> a frame
  std::string patterns() const;                // for <defs>, of the frames drawn so far
  std::string rules() const;                   // for <style>, likewise

 private:
  void draw(const FlowFrame& frame);
  std::string_view family_of(const FlowFrame& frame) const;
  Rgb colour_of(const FlowFrame& frame, std::string_view family) const;
  std::string percentage(const FlowFrame& frame) const;
  std::string change(const FlowFrame& frame) const;
  std::string label(const FlowFrame& frame, const std::string& name, bool with_share) const;
  std::string fill_class(std::string_view family, Rgb colour);
  double percent(std::uint64_t count) const;

  const Flow& flow_;
  const Options& options_;
  std::size_t height_ = 0;
  std::map<std::pair<Texture, Rgb>, std::size_t> patterns_;  // to the number in the pattern's id
  std::string out_;
};

}  // namespace gilspy::flamegraph
