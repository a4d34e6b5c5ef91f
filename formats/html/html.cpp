#include "html.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "assets.h"
#include "fit.h"
#include "formats/json/json.h"
#include "gather.h"
#include "page_text.h"
#include "sections.h"

namespace gilspy::formats {
namespace {

constexpr std::size_t kMost = 10'000'000;  // of the whole page: what a browser opens without thinking twice
constexpr std::size_t kUsual = 900'000;    // of data, a minute
constexpr std::size_t kReserve = 200'000;  // for code and text

// Nothing may be loaded from anywhere, whatever the names of the profile make of the page.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'";

std::size_t budget(const Profile& profile, std::size_t json) {
  const double minutes = std::max(1.0, std::chrono::duration<double>(profile.duration).count() / 60);
  const std::size_t usual = static_cast<std::size_t>(std::min(minutes, 20.0) * double(kUsual));
  return std::min(usual, kMost - std::min(kMost, json + kReserve));
}

std::string head(const std::string& title) {
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n"
      "<title>{}</title>\n<style>\n{}</style>\n</head>\n",
      kPolicy, title, assets::html_style);
}

}  // namespace

std::string render_html(const Profile& whole, const Verdict& verdict, const RenderOptions& options) {
  const bool too_many = whole.threads.size() > html::kMostThreads;
  const Profile fewer_threads = too_many ? html::gathered(whole) : Profile{};
  const Profile& profile = too_many ? fewer_threads : whole;
  const std::string json = html::script_safe(json_document(profile, verdict, true));
  const html::Fitted data = html::fitted(profile, options, budget(profile, json.size()));
  std::string page = head(html::title(whole, verdict));
  page +=
      "<body>\n<main>\n<header>\n" + html::heading(whole, verdict) + html::key_numbers(whole, verdict) + "</header>\n";
  page += assets::html_timeline_part;
  page += html::verdict_section(whole, verdict);
  page += html::process_section(whole, verdict);
  page += html::lock_section(whole);
  page += html::loop_section(whole);
  page += assets::html_details_part;
  page += html::quality_section(whole, data, whole.threads.size() - profile.threads.size());
  page += "</main>\n";
  page += assets::html_help_part;
  page += "<script type=\"application/json\" id=\"gilspy-profile\">\n" + json + "</script>\n";
  page += "<script type=\"text/plain\" id=\"gilspy-data\">" + data.text + "</script>\n";
  page += "<script>\n(() => {\n'use strict';\n";
  for (const std::string_view script : html::kScripts) page += script;
  page += "})();\n</script>\n</body>\n</html>\n";
  return page;
}

}  // namespace gilspy::formats
