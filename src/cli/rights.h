// What gilspy may still do once it samples: the one place that decides it.
#pragma once

#include <string>
#include <vector>

#include "gilspy/rights.h"
#include "gilspy/sampler.h"
#include "gilspy/target.h"
#include "options.h"

namespace gilspy::cli {

// What is left to be done.
struct WorkAhead {
  Target* target = nullptr;   // that has been attached to; none: processes will be
  bool meets_others = false;  // it will attach to more processes, whoever they belong to
  bool has_child = false;     // a command was launched
  bool reads_core = false;    // and no process at all
  std::string output;         // file to be written; "-" or nothing: standard output
  bool streamed = false;      // it is written from now on, not put in the place of another
  Stopping stopping = Stopping::kNever;
  NativeFrames native = NativeFrames::kNone;
};
WorkAhead work_of(const RecordOptions& options, const std::string& path);

// Gives up every right that this does not take; `verbose`: and says so. Before there is a second thread.
void give_up_rights(const WorkAhead& work, bool verbose);

// Which capability is kept for what, in the words of -v.
struct KeptFor {
  platform::Capability capability{};
  std::string why;
};
struct RightsDecision {
  platform::RightsToKeep keep;
  std::vector<KeptFor> reasons;
  std::string as_many;  // why all that are held, or all that the target has, are kept: whose they are; else empty
};
// By trying what can be tried.
RightsDecision rights_for(const WorkAhead& work);
std::vector<std::string> rights_lines(const RightsDecision& decided, const platform::RightsLeft& left);

}  // namespace gilspy::cli
