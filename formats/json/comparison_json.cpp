#include "comparison_json.h"

#include "json_writer.h"
#include "optional_json.h"
#include "target_json.h"

namespace gilspy::formats {
namespace {

constexpr int kSchema = 1;

void write_figures(JsonWriter& json, const Change& change) {
  json.pair("base", change.base);
  json.pair("head", change.head);
  json.pair("difference", change.difference());
  write_optional(json, "low", change.known ? std::optional(change.low) : std::nullopt);
  write_optional(json, "high", change.known ? std::optional(change.high) : std::nullopt);
  json.pair("beyond_noise", change.beyond_noise());
}

void write_side(JsonWriter& json, std::string_view name, const Profile& profile, const ComparedSide& side) {
  json.object(name, [&] {
    json.pair("duration_s", profile.duration);
    json.pair("sampled_s", side.sampled);
    write_optional(json, "work", side.work);
    json.pair("verdict", code_name(side.verdict));
    write_target(json, profile.target);
    write_text_or_null(json, "ended", profile.end_note);
  });
}

void write_function(JsonWriter& json, const FunctionChange& row) {
  json.object([&] {
    json.pair("function", row.function);
    json.pair("measure", key(row.measure));
    write_figures(json, row.self);
    json.pair("base_total", row.base_total);
    json.pair("head_total", row.head_total);
    json.pair("in_base", row.in_base);
    json.pair("in_head", row.in_head);
  });
}

void write_total(JsonWriter& json, std::string_view name, const Change& change) {
  json.object(name, [&] { write_figures(json, change); });
}

void write_comparison(JsonWriter& json, const Compared& compared) {
  const Comparison& comparison = compared.comparison;
  json.pair("schema", kSchema);
  json.pair("headline", comparison.headline);
  json.pair("unit", std::string_view(comparison.per_work() ? "seconds_per_unit" : "seconds_per_second"));
  json.pair("figures_compared", comparison.figures);
  write_side(json, "base", compared.base, comparison.base);
  write_side(json, "head", compared.head, comparison.head);
  json.object("totals", [&] {
    write_total(json, "parallelism", comparison.totals.cpus);
    write_total(json, "gil_held", comparison.totals.held);
    write_total(json, "mean_waiters", comparison.totals.waiters);
    json.object("time_to_get_gil_p99_s", [&] {
      json.pair("base", comparison.totals.base_p99);
      json.pair("head", comparison.totals.head_p99);
    });
  });
  json.array("functions", [&] {
    for (const FunctionChange& row : comparison.changed) write_function(json, row);
    for (const FunctionChange& row : comparison.others) write_function(json, row);
  });
  json.array("remarks", [&] {
    for (const std::string& line : comparison.remarks) json.value(line);
  });
}

}  // namespace

std::string render_comparison_json(const Compared& compared, const ComparisonOptions&) {
  JsonWriter json;
  json.object([&] { write_comparison(json, compared); });
  return json.text();
}

}  // namespace gilspy::formats
