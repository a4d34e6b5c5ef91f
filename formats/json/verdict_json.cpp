#include "verdict_json.h"

#include "margin_json.h"
#include "optional_json.h"

namespace gilspy::formats {
namespace {

void write_evidence(JsonWriter& json, const Evidence& row) {
  json.object([&] {
    json.pair("name", row.name);
    json.pair("unit", key(row.unit));
    if (row.unit == Unit::kWords) {
      json.pair("value", row.words);
    } else {
      json.pair("value", row.value);
    }
    write_optional(json, "threshold", row.threshold);
    if (row.margin) {
      write_interval(json, row.value, *row.margin, row.unit == Unit::kShare ? 1 : kNoLimit);
    } else {
      json.pair("low", nullptr);
      json.pair("high", nullptr);
    }
    json.pair("at_most", row.at_most);
    json.pair("text", text_of(row));
  });
}

void write_claims(JsonWriter& json, const std::vector<Claim>& claims) {
  json.array("claims", [&] {
    for (const Claim& claim : claims) {
      json.object([&] {
        json.pair("code", code_name(claim.code));
        json.pair("sentence", claim.sentence);
        json.array("evidence", [&] {
          for (const Evidence& row : claim.evidence) write_evidence(json, row);
        });
        json.pair("confidence", claim.confidence);
        json.pair("next_step", claim.next_step);
      });
    }
  });
}

void write_what_if(JsonWriter& json, const WhatIf& what_if) {
  json.object("what_if", [&] {
    json.pair("known", what_if.known);
    json.pair("cpus", what_if.cpus);
    json.pair("without_gil", what_if.without_gil);
    json.pair("with_processes", what_if.with_processes);
    if (what_if.if_released) {
      json.object("if_released", [&] {
        json.pair("function", what_if.if_released->function);
        json.pair("factor", what_if.if_released->factor);
      });
    } else {
      json.pair("if_released", nullptr);
    }
    json.array("assumptions", [&] {
      for (const std::string& line : what_if.assumptions) json.value(line);
    });
    write_text_or_null(json, "single_thread_price", what_if.single_thread_price);
  });
}

}  // namespace

void write_verdict(JsonWriter& json, const Verdict& verdict) {
  json.object("verdict", [&] {
    json.pair("code", code_name(verdict.code));
    json.pair("headline", verdict.headline);
    json.array("culprits", [&] {
      for (const Culprit& culprit : verdict.culprits) {
        json.object([&] {
          json.pair("function", culprit.function);
          write_text_or_null(json, "native", culprit.native);
          json.pair("share", culprit.share);
          write_text_or_null(json, "caller", culprit.caller);
        });
      }
    });
    json.pair("possible_speedup", verdict.possible_speedup);
    json.array("advice", [&] {
      for (const std::string& line : verdict.advice) json.value(line);
    });
    write_claims(json, verdict.claims);
    write_what_if(json, verdict.what_if);
  });
}

}  // namespace gilspy::formats
