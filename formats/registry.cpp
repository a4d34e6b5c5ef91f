// The formats: one row each. A new one is a folder and a row.
#include <algorithm>
#include <array>
#include <iterator>

#include "chrometrace/chrometrace.h"
#include "firefox/firefox.h"
#include "flamegraph_row.h"
#include "folded/folded.h"
#include "gilspy/format.h"
#include "html/html.h"
#include "json/json.h"
#include "markdown/markdown.h"
#include "perfetto/perfetto.h"
#include "pprof/pprof.h"
#include "speedscope/speedscope.h"

namespace gilspy {
namespace formats {
namespace {

// For formats whose files stay small: made in one piece.
template <auto kRender>
void whole(const Profile& profile, const Verdict& verdict, const RenderOptions& options, ByteSink& to) {
  to.write(kRender(profile, verdict, options));
}

constexpr UsedOptions kNone{};
constexpr UsedOptions kAll{.view = true, .idle = true, .threads = true, .lines = true, .filenames = true};
// Threads stand beside each other anyway.
constexpr UsedOptions kOfTimelines{.view = false, .idle = true, .threads = false, .lines = true, .filenames = true};
constexpr UsedOptions kOfSpeedscope{.view = true, .idle = true, .threads = false, .lines = true, .filenames = true};
constexpr UsedOptions kOfPprof{.view = true, .idle = false, .threads = false, .lines = true, .filenames = false};
constexpr bool kText = false, kBinary = true;

constexpr std::array kFormats{
    Format{"flamegraph", ".svg", "interactive flame graph, coloured by what the threads did", whole<render_flamegraph>,
           kAll, kText},
    Format{"html", ".html", "a page with the timeline of all threads, flame graphs and tables", whole<render_html>,
           kAll, kText},
    Format{"folded", ".folded", "a stack a line with its microseconds, for other tools", whole<render_folded>, kAll,
           kText},
    Format{"json", ".json", "all numbers and the verdict, without stacks", whole<render_json>, kNone, kText},
    Format{"markdown", ".md", "a page of text for a comment on a pull request", whole<render_markdown>, kNone, kText},
    Format{"perfetto", ".pftrace", "a timeline with call stacks, for Perfetto's viewer", write_perfetto, kOfTimelines,
           kBinary},
    Format{"chrometrace", ".trace.json", "a timeline, for all viewers of Chrome's trace events", write_chrometrace,
           kNone, kText},
    Format{"speedscope", ".speedscope.json", "stacks and activities of each thread, for speedscope", write_speedscope,
           kOfSpeedscope, kText},
    Format{"pprof", ".pb.gz", "stacks by thread and activity, for pprof", write_pprof, kOfPprof, kBinary},
    Format{"firefox", ".firefox.json.gz", "stacks, activities and GIL markers, for the Firefox Profiler", write_firefox,
           kOfTimelines, kBinary},
    Format{"gilspy", ".gilspy", "everything that was read, for gilspy report to render", nullptr, kNone, kBinary},
};

}  // namespace

std::span<const Format> all() { return kFormats; }

const Format* find(std::string_view name) {
  const auto* row =
      std::find_if(kFormats.begin(), kFormats.end(), [name](const Format& format) { return format.name == name; });
  return row == kFormats.end() ? nullptr : row;
}

const Format* of_file(std::string_view path) {
  const auto same = [](char a, char b) { return a == b || (a >= 'A' && a <= 'Z' && a - 'A' + 'a' == b); };
  const auto has_ending = [&](const Format& format) {
    return path.size() >= format.extension.size() &&
           std::equal(format.extension.begin(), format.extension.end(), path.end() - std::ssize(format.extension),
                      [&](char ending, char typed) { return same(typed, ending); });
  };
  const Format* longest = nullptr;
  for (const Format& format : kFormats) {
    const bool longer = longest == nullptr || format.extension.size() > longest->extension.size();
    if (longer && has_ending(format)) longest = &format;
  }
  return longest;
}

std::string endings(bool also_streamed) {
  std::string text;
  for (const Format& format : kFormats) {
    if (!format.streamed() || also_streamed) text += (text.empty() ? "" : ", ") + std::string(format.extension);
  }
  return text;
}

}  // namespace formats

std::string Format::render(const Profile& profile, const Verdict& verdict, const RenderOptions& options) const {
  class Text : public ByteSink {
   public:
    void write(std::string_view bytes) override { all += bytes; }
    std::string all;
  };
  Text text;
  write(profile, verdict, options, text);
  return std::move(text.all);
}

}  // namespace gilspy
