#include "markdown.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "escape.h"
#include "formats/thread_rows/lock_rows.h"
#include "formats/thread_rows/loop_rows.h"
#include "process_table.h"
#include "thread_table.h"

namespace gilspy::formats {
namespace {

using markdown::code;
using markdown::escape;
using wording::count_of;
using wording::percent;

// With ten rows in the table of threads, these keep it at 60 lines.
constexpr std::size_t kMostClaims = 4;
constexpr std::size_t kMostCulprits = 5;
constexpr std::size_t kMostLocks = 3;
constexpr std::size_t kMostLoops = 2;
constexpr std::size_t kMostSteps = 6;
constexpr std::size_t kMostWarnings = 3;

std::string claims(const Verdict& verdict) {
  std::string text;
  for (std::size_t i = 0; i < std::min(kMostClaims, verdict.claims.size()); ++i) {
    const Claim& claim = verdict.claims[i];
    if (i > 0) text += fmt::format("\nAlso: {}\n", escape(claim.sentence));
    std::string evidence;
    for (const Evidence& row : claim.evidence) evidence += fmt::format("; {}", escape(text_of(row)));
    text += fmt::format("\n`{}`, confidence {}{}\n", code_name(claim.code), percent(claim.confidence), evidence);
  }
  return text;
}

std::string who_makes_others_wait(const Profile& profile, const Verdict& verdict) {
  std::string text;
  const std::vector<Culprit> culprits = notable_culprits(profile, verdict);
  for (std::size_t i = 0; i < std::min(kMostCulprits, culprits.size()); ++i) {
    const Culprit& culprit = culprits[i];
    text += fmt::format("- {}{}: {} of all waiting\n", code(work_of(culprit)),
                        culprit.caller.empty() ? "" : ", called by " + code(culprit.caller), percent(culprit.share));
  }
  return text.empty() ? text : "\n**Who makes others wait for the GIL**\n\n" + text;
}

std::string locks_waited_for(const Profile& profile) {
  std::string text;
  for (const thread_rows::LockRow& row : thread_rows::lock_rows(profile, kMostLocks)) {
    text += fmt::format("- {}{}: {:.2f} threads", code(row.name), row.what.empty() ? "" : ", a " + code(row.what),
                        row.waiters);
    if (!row.function.empty()) text += ", while it was had in " + code(row.function);
    if (!row.next.empty()) {
      text += fmt::format(" by one who itself waited for {} {} of that time", code(row.next), percent(row.next_share));
    }
    if (row.owner.empty()) text += "; who had it is not known";
    text += "\n";
  }
  return text.empty() ? text : "\n**Locks that threads waited for, on average**\n\n" + text;
}

std::string event_loops(const Profile& profile) {
  std::string text;
  for (const thread_rows::LoopRow& row : thread_rows::loop_rows(profile, kMostLoops)) {
    text += fmt::format("\n{}\n", escape(thread_rows::text_of(row)));
  }
  return text;
}

// Only where somebody waits: elsewhere there is nothing that would change.
std::string what_if(const WhatIf& what_if) {
  if (!what_if.known || what_if.assumptions.empty()) return {};
  const std::string cpus = wording::cpu_count(what_if.cpus);
  std::string text =
      fmt::format("\n**What if** (upper bounds)\n\n- without the GIL, on {0}: {1}\n- with processes, on {0}: {2}\n",
                  cpus, wording::speedup(what_if.without_gil), wording::speedup(what_if.with_processes));
  if (what_if.if_released) {
    text += fmt::format("- if only {} let go of the GIL: {}\n", code(what_if.if_released->function),
                        wording::speedup(what_if.if_released->factor));
  }
  std::string assumed;
  for (const std::string& line : what_if.assumptions) assumed += " " + escape(line);
  text += "\nAssumed:" + assumed;
  if (!what_if.single_thread_price.empty()) text += " " + escape(what_if.single_thread_price);
  return text + "\n";
}

std::string next_steps(const Verdict& verdict) {
  std::vector<std::string> steps = verdict.advice;
  for (std::size_t i = 1; i < std::min(kMostClaims, verdict.claims.size()); ++i) {
    const std::string& step = verdict.claims[i].next_step;
    if (!step.empty() && std::ranges::count(steps, step) == 0) steps.push_back(step);
  }
  std::string text = steps.empty() ? "" : "\n**Next**\n\n";
  for (std::size_t i = 0; i < std::min(kMostSteps, steps.size()); ++i) text += fmt::format("- {}\n", escape(steps[i]));
  return text;
}

std::string warnings(const Verdict& verdict) {
  std::string text;
  for (std::size_t i = 0; i < std::min(kMostWarnings, verdict.warnings.size()); ++i) {
    text += fmt::format("- {}\n", escape(text_of(verdict.warnings[i])));
  }
  return text.empty() ? text : "\n**Mind that**\n\n" + text;
}

std::string quality(const Profile& profile) {
  const Quality& quality = profile.quality;
  std::string text = fmt::format(
      "\n{} in {} of CPython {}{}, {} late, {} blurred; stacks: {} read again, {} truncated, {} discarded; {} of "
      "the time unknown{}",
      wording::ticks_made(quality), wording::seconds(profile.duration), profile.target.python.text(),
      profile.target.free_threaded ? " (free-threaded)" : "", wording::grouped(quality.late),
      wording::grouped(quality.blurred), wording::grouped(quality.retried), wording::grouped(quality.truncated),
      wording::grouped(quality.discarded), percent(profile.unknown_share()), profile.margins ? "; ±: 95 % sure" : "");
  if (!profile.end_note.empty()) text += fmt::format("; it ended early: {}", escape(profile.end_note));
  return text + "\n";
}

}  // namespace

std::string render_markdown(const Profile& profile, const Verdict& verdict, const RenderOptions& options) {
  std::string text = fmt::format("### {}\n", escape(verdict.headline));
  text += claims(verdict);
  if (const std::string rows = markdown::process_table(profile, verdict); !rows.empty()) text += "\n" + rows;
  if (const std::string rows = markdown::thread_table(profile); !rows.empty()) text += "\n" + rows;
  text += who_makes_others_wait(profile, verdict) + locks_waited_for(profile) + event_loops(profile) +
          what_if(verdict.what_if) + next_steps(verdict) + warnings(verdict) + quality(profile);
  if (!options.link.empty()) text += fmt::format("\nWhole report: {}\n", markdown::link(options.link));
  return text;
}

}  // namespace gilspy::formats
