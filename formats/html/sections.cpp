#include "sections.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <vector>

#include "formats/thread_rows/lock_rows.h"
#include "formats/thread_rows/loop_rows.h"
#include "formats/thread_rows/process_rows.h"
#include "gilspy/wording.h"
#include "page_text.h"

namespace gilspy::html {
namespace {

using wording::count_of;
using wording::percent;

constexpr std::size_t kMostCulprits = 5;
constexpr std::size_t kMostProcesses = 100;
constexpr std::size_t kMostLocks = 20;
constexpr std::size_t kMostLoops = 20;
constexpr std::uint64_t kEnoughWaits = 20;  // for a quantile of them

std::string code_text(std::string_view words) { return fmt::format("<code>{}</code>", escaped(words)); }

std::string facts_line(const Profile& profile) {
  const TargetFacts& target = profile.target;
  const std::string_view kind = !target.free_threaded ? ""
                                : target.gil_enabled  ? ", free-threaded, GIL on"
                                                      : ", free-threaded, no GIL";
  return fmt::format("<p class=\"facts\">{} <span>CPython {}{}</span> <span>pid {}</span> <span>{}</span></p>\n",
                     code_text(wording::command(target)), escaped(target.python.text()), kind, to_int(target.pid),
                     wording::cpu_count(profile.cpus.available()));
}

std::string lead(const Profile& profile, const Verdict& verdict) {
  if (!is_gil_the_limit(verdict.code)) return {};
  std::string cause;
  if (const auto culprits = notable_culprits(profile, verdict); !culprits.empty()) {
    cause = fmt::format("{} causes {} of the waiting. ", code_text(work_of(culprits.front())),
                        percent(culprits.front().share));
  }
  return fmt::format("<p class=\"lead\">{}Without the GIL: <b>{}</b> on {}.</p>\n", cause,
                     wording::speedup(verdict.possible_speedup), wording::these_cpus(profile.cpus));
}

std::string tile(std::string_view key, std::string_view label, std::string_view value, std::string_view hint = {}) {
  return fmt::format("<div class=\"tile\" data-key=\"{}\" title=\"{}\"><dt>{}</dt><dd>{}</dd></div>\n", key, hint,
                     label, value);
}

std::string culprit_list(const std::vector<Culprit>& culprits, bool locks_below) {
  if (culprits.empty()) {
    return fmt::format("<p>Nobody: there was next to no waiting for the GIL.{}</p>\n",
                       locks_below ? " Who had the locks that threads waited for is in their table." : "");
  }
  std::string items;
  for (const Culprit& culprit : std::span(culprits).first(std::min(kMostCulprits, culprits.size()))) {
    items += fmt::format("<li><span class=\"bar\" style=\"width:{:.1f}%\"></span><b>{}</b> {}{}</li>\n",
                         std::clamp(culprit.share, 0.0, 1.0) * 100, percent(culprit.share), code_text(work_of(culprit)),
                         culprit.caller.empty() ? "" : " called by " + code_text(culprit.caller));
  }
  return "<ol class=\"culprits\">\n" + items +
         "</ol>\n<p class=\"note\">Share of all waiting for the GIL: the time of "
         "those who waited, put to the account of the function that held it.</p>\n";
}

std::string what_if(const Profile& profile, const Verdict& verdict) {
  const WhatIf& what_if = verdict.what_if;
  if (!what_if.known || !is_gil_the_limit(verdict.code)) return {};
  std::string rows = fmt::format("<li><b>{}</b> without the GIL</li>\n", wording::speedup(what_if.without_gil));
  if (what_if.with_processes > 1)
    rows += fmt::format("<li><b>{}</b> with processes</li>\n", wording::speedup(what_if.with_processes));
  if (what_if.if_released) {
    rows += fmt::format("<li><b>{}</b> if {} let go of it</li>\n", wording::speedup(what_if.if_released->factor),
                        code_text(what_if.if_released->function));
  }
  std::string notes;
  for (const std::string& line : what_if.assumptions) notes += escaped(line) + " ";
  if (!what_if.single_thread_price.empty()) notes += escaped(what_if.single_thread_price);
  return fmt::format("<h3>What would change</h3>\n<ul class=\"plain\">\n{}</ul>\n<p class=\"note\">On {}. {}</p>\n",
                     rows, wording::these_cpus(profile.cpus), notes.empty() ? "Upper bounds, not promises." : notes);
}

std::string advice(const Verdict& verdict) {
  std::string items;
  for (const std::string& line : verdict.advice) items += fmt::format("<li>{}</li>\n", escaped(line));
  if (items.empty()) return "<p>Nothing: the GIL is not the limit.</p>\n";
  return fmt::format("<ul>\n{}</ul>\n", items);
}

std::string evidence_of(const Claim& claim) {
  std::string text;
  for (const Evidence& evidence : claim.evidence) text += fmt::format("<li>{}</li>\n", escaped(text_of(evidence)));
  return text.empty() ? text : fmt::format("<ul class=\"plain note\">\n{}</ul>\n", text);
}

// The first claim is the headline; others may hold as well.
std::string claims(const Verdict& verdict) {
  std::string text;
  if (!verdict.claims.empty()) {
    const Claim& first = verdict.claims.front();
    text += fmt::format("<p>Verdict <code>{}</code>, confidence <b>{}</b>.</p>\n{}", code_name(first.code),
                        percent(first.confidence), evidence_of(first));
  }
  for (std::size_t i = 1; i < verdict.claims.size(); ++i) {
    const Claim& claim = verdict.claims[i];
    text += fmt::format("<p>Also, with confidence <b>{}</b>: {} {}</p>\n{}", percent(claim.confidence),
                        escaped(claim.sentence), escaped(claim.next_step), evidence_of(claim));
  }
  return text;
}

std::string warnings(const Verdict& verdict) {
  std::string items;
  for (const Warning& warning : verdict.warnings) items += fmt::format("<li>{}</li>\n", escaped(text_of(warning)));
  return items.empty() ? items : fmt::format("<ul class=\"warnings\">\n{}</ul>\n", items);
}

std::string doubts(const Profile& profile) {
  const Quality& quality = profile.quality;
  std::string text = profile.margins ? "In the long run figures lie within their ±, with a certainty of 95 %. " : "";
  text += fmt::format("{} in the recording: {} truncated stacks, {} without one, {} of the ticks late.",
                      count_of(quality.ticks, "tick"), wording::grouped(quality.truncated),
                      wording::grouped(quality.discarded),
                      percent(quality.ticks > 0 ? double(quality.late) / double(quality.ticks) : 0));
  return text;
}

std::string row(std::string_view name, const std::string& value) {
  return fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", name, value);
}

std::string late_ticks(const Quality& quality) {
  const Spread& by = quality.lateness;
  if (by.count == 0) return {};
  return fmt::format(", median {}, p99 {}, longest {}", wording::span(by.median), wording::span(by.p99),
                     wording::span(by.longest));
}

std::string sampling_rows(const Profile& profile) {
  const Quality& quality = profile.quality;
  const auto of_ticks = [&](std::uint64_t count) {
    return fmt::format("{} ({})", wording::grouped(count),
                       percent(quality.ticks > 0 ? double(count) / double(quality.ticks) : 0));
  };
  std::string rows = row(
      "Ticks", fmt::format("{} of {} asked", wording::grouped(quality.ticks), wording::grouped(quality.ticks_asked)));
  rows += row("Interval", quality.rate_hz > 0 ? fmt::format("{:g} ms", 1000 / quality.rate_hz)
                                              : std::string("as short as possible"));
  rows += row("Late ticks", of_ticks(quality.late) + late_ticks(quality)) +
          row("Stacks read again", wording::grouped(quality.retried)) +
          row("Truncated stacks", of_ticks(quality.truncated)) +
          row("Ticks without a stack of the holder", of_ticks(quality.discarded)) +
          row("Ticks with several hand-offs", of_ticks(quality.blurred)) +
          row("Ticks that could not be read", of_ticks(quality.errors)) +
          row("Process stopped", wording::seconds(quality.stopped)) +
          row("gilspy did not run", wording::seconds(quality.gaps)) +
          row("Time of which nothing is known", percent(profile.unknown_share()));
  if (quality.pauses.count > 0) {
    rows += row("Stops to read",
                fmt::format("{}, median {}, longest {}, in all {}", wording::grouped(quality.pauses.count),
                            wording::micros(quality.pauses.median), wording::micros(quality.pauses.longest),
                            wording::seconds(quality.pauses.total)));
  }
  if (quality.native.all() > 0) {
    rows += row("Native stacks",
                fmt::format("{} whole, {} without some of it, {} lost", wording::grouped(quality.native.whole),
                            wording::grouped(quality.native.cut), wording::grouped(quality.native.lost)));
  }
  return rows;
}

std::string data_note(const Fitted& data, std::size_t gathered) {
  std::string text;
  if (gathered > 0) {
    text += fmt::format("<p>{} are put together with others of their name that lived before or after them.</p>\n",
                        count_of(gathered, "thread"));
  }
  if (data.window > Nanos{0}) {
    text += fmt::format(
        "<p>To keep this page small, times are dated to {:g} ms: within that, what a thread did with one "
        "stack is put together.{}</p>\n",
        double(data.window.count()) / 1e6, " Sums are what they were.");
  }
  if (data.rare > 0) {
    text += fmt::format("<p>Stacks below {:.2g} % of all thread-time end at their parents, which have that time.</p>\n",
                        data.rare * 100);
  }
  return text;
}

// Of several GILs: the busiest one held, all waiting and all hand-offs.
std::string gil_tiles(const Profile& profile) {
  double utilization = 0, waiters = 0, handoffs = 0;
  std::string of_utilization, of_waiters;
  if (profile.margins) of_waiters = fmt::format(" <small>± {:.2f}</small>", std::max(profile.margins->waiting, 0.01));
  Nanos p99{0};
  for (const GilProfile& gil : profile.gils) {
    if (gil.utilization() >= utilization) {
      of_utilization =
          gil.margins ? fmt::format(" <small>{}</small>", wording::plus_minus(gil.margins->utilization * 100)) : "";
    }
    utilization = std::max(utilization, gil.utilization());
    waiters += gil.mean_waiters;
    handoffs += double(gil.handoffs);
    if (gil.to_get_gil.count >= kEnoughWaits) p99 = std::max(p99, gil.to_get_gil.p99);
  }
  const double seconds = std::max(std::chrono::duration<double>(profile.duration).count(), 1e-9);
  return tile("held", profile.gils.size() > 1 ? "Busiest GIL held" : "GIL held", percent(utilization) + of_utilization,
              "Share of the time in which some thread had the GIL") +
         tile("waiters", "Mean waiters", fmt::format("{:.2f}", waiters) + of_waiters,
              "Threads that waited for the GIL, mean over time") +
         tile("handoffs", "Hand-offs", fmt::format("{:.0f}/s", handoffs / seconds), "How often the GIL changed hands") +
         tile(
             "p99", "To get the GIL, p99", p99 > Nanos{0} ? fmt::format("{:.1f} ms", double(p99.count()) / 1e6) : "-",
             "99 % of the waits that were timed were shorter (those that no tick saw are not among them); of the whole "
             "recording, whatever is selected");
}

}  // namespace

std::string title(const Profile& profile, const Verdict& verdict) {
  return escaped(fmt::format("{}: {}", wording::command(profile.target), verdict.headline));
}

std::string heading(const Profile& profile, const Verdict& verdict) {
  return facts_line(profile) + fmt::format("<h1>{}</h1>\n", escaped(verdict.headline)) + lead(profile, verdict) +
         warnings(verdict);
}

std::string key_numbers(const Profile& profile, const Verdict& verdict) {
  const std::string threads =
      fmt::format("{} working of {}", wording::grouped(verdict.threads.working), wording::grouped(verdict.threads.all));
  const std::string margin =
      profile.margins ? fmt::format(" <small>± {:.2f}</small>", std::max(profile.margins->cpus, 0.01)) : "";
  const std::string used =
      fmt::format("{} of {:.3g}{}", wording::cpus(profile.parallelism()), profile.cpus.available(), margin);
  return "<dl class=\"tiles\" id=\"tiles\">\n" + tile("duration", "Recorded", wording::seconds(profile.duration)) +
         tile("threads", "Python threads", threads,
              "Working: held the GIL, waited for it or ran without it for 5 % of the time or more") +
         tile("parallelism", "CPUs used", used, "CPU time of the process over wall time") +
         (profile.target.gil_enabled ? gil_tiles(profile)
                                     : tile("no-gil", "GIL", "none", "This Python runs without one")) +
         "</dl>\n";
}

std::string verdict_section(const Profile& profile, const Verdict& verdict) {
  return fmt::format(
      "<section class=\"columns\" id=\"verdict\">\n<div><h2>Who makes others wait</h2>\n{}</div>\n<div><h2>What to "
      "do</h2>\n{}{}"
      "</div>\n<div><h2>How sure this is</h2>\n{}<p class=\"note\">{} gilspy used {} of one "
      "CPU.</p>\n</div>\n</section>\n",
      culprit_list(notable_culprits(profile, verdict), !thread_rows::lock_rows(profile, kMostLocks).empty()),
      advice(verdict), what_if(profile, verdict), claims(verdict), doubts(profile),
      percent(profile.duration > Nanos{0} ? double(profile.self.cpu.count()) / double(profile.duration.count()) : 0));
}

std::string process_section(const Profile& program, const Verdict& verdict) {
  const auto rows = thread_rows::process_rows(program, verdict, kMostProcesses);
  if (rows.empty()) return {};
  std::string text =
      "<section id=\"processes\">\n<h2>Processes</h2>\n<div class=\"scroll\"><table>\n<thead><tr><th>process</th>"
      "<th>pid</th><th>CPUs used</th><th>GIL held</th><th>threads waiting</th><th>threads</th><th>by itself</th></tr>"
      "</thead>\n<tbody>\n";
  const auto cell = [](const std::string& value) { return fmt::format("<td>{}</td>", value); };
  for (const thread_rows::ProcessRow& row : rows) {
    text += fmt::format("<tr><th>{}</th>{}{}{}{}{}{}</tr>\n", code_text(row.name),
                        cell(row.pid ? std::to_string(to_int(*row.pid)) : ""), cell(wording::cpus(row.cpus)),
                        cell(percent(row.held)), cell(fmt::format("{:.2f}", row.waiters)),
                        cell(wording::grouped(row.threads)), cell(row.code.empty() ? row.code : code_text(row.code)));
  }
  return text + "</tbody>\n</table></div>\n</section>\n";
}

std::string lock_section(const Profile& profile) {
  const auto rows = thread_rows::lock_rows(profile, kMostLocks);
  if (rows.empty()) return {};
  std::string text =
      "<section id=\"locks\">\n<h2>Locks</h2>\n<div class=\"scroll\"><table>\n<thead><tr><th>lock</th><th>type</th>"
      "<th>threads waiting</th><th>who had it</th><th>in</th><th>and itself waited</th></tr></thead>\n<tbody>\n";
  const auto cell = [](const std::string& value) { return fmt::format("<td>{}</td>", value); };
  const auto code_cell = [&](const std::string& value) { return cell(value.empty() ? value : code_text(value)); };
  bool inferred = false;
  for (const thread_rows::LockRow& row : rows) {
    inferred = inferred || row.inferred;
    text += fmt::format(
        "<tr><th>{}</th>{}{}{}{}{}</tr>\n", code_text(row.name), code_cell(row.what),
        cell(fmt::format("{:.2f}", row.waiters)), cell(escaped(row.owner) + (row.inferred ? " *" : "")),
        code_cell(row.function),
        cell(row.next.empty() ? "" : fmt::format("for {}, {}", code_text(row.next), percent(row.next_share))));
  }
  text += "</tbody>\n</table></div>\n<p class=\"note\">Mean over the recording";
  text += inferred
              ? "; *: by the <code>with</code> statement that the thread was in, for CPython does not write down who "
                "has such a lock.</p>\n"
              : ".</p>\n";
  return text + "</section>\n";
}

std::string loop_section(const Profile& profile) {
  const auto rows = thread_rows::loop_rows(profile, kMostLoops);
  if (rows.empty()) return {};
  std::string text =
      "<section id=\"loops\">\n<h2>Event loops</h2>\n<div class=\"scroll\"><table>\n<thead><tr><th>thread</th>"
      "<th>busy</th><th>mean lag</th><th>90th percentile</th><th>99th</th><th>longest</th><th>callbacks ready</th>"
      "<th>at most</th></tr></thead>\n<tbody>\n";
  const auto cell = [](const std::string& value) { return fmt::format("<td>{}</td>", escaped(value)); };
  for (const thread_rows::LoopRow& row : rows) {
    text += fmt::format("<tr><th>{}</th>{}{}{}{}{}{}{}</tr>\n", code_text(row.thread), cell(row.busy), cell(row.mean),
                        cell(row.p90), cell(row.p99), cell(row.longest), cell(row.ready), cell(row.most_ready));
  }
  return text +
         "</tbody>\n</table></div>\n<p class=\"note\">Lag: how long something that became due had to wait until the "
         "loop came round to it, for moments spread evenly over the recording. Callbacks ready: beside the one that "
         "ran, on average.</p>\n</section>\n";
}

std::string quality_section(const Profile& profile, const Fitted& data, std::size_t gathered) {
  std::string command;
  for (const std::string& word : profile.target.command) command += (command.empty() ? "" : " ") + word;
  std::string rows = sampling_rows(profile);
  rows += row("gilspy itself", fmt::format("{} of CPU, {:.1f} MB", wording::seconds(profile.self.cpu),
                                           double(profile.self.peak_rss_bytes) / 1e6));
  rows += row("Program", code_text(profile.target.executable)) + row("Command", code_text(command));
  if (!profile.end_note.empty()) rows += row("Ended early", escaped(profile.end_note));
  return fmt::format(
      "<section id=\"quality\">\n<h2>How it was recorded</h2>\n<dl class=\"rows\">\n{}</dl>\n{}</section>\n", rows,
      data_note(data, gathered));
}

}  // namespace gilspy::html
